import { unprotectPrivateMessage } from "ts-mls/messageProtection.js";
import type { Client } from "../../src/client/index.ts";
import { decodeRecord, tables, type HistoryKeyRecord } from "../../src/client/records.ts";
import { decodeContent } from "../../src/crypto/content.ts";
import type { Group } from "../../src/crypto/group-engine.ts";
import type { HistoryKey } from "../../src/crypto/history-key.ts";
import { nameOfWrap } from "../../src/crypto/history-key.ts";
import { decodeMessagePayload } from "../../src/crypto/message-payload.ts";
import { mlsGroupEngine as engine } from "../../src/crypto/mls-group-engine.ts";
import { toMlsGroup } from "../../src/crypto/mls/mls-group.ts";
import { openKeptMessage, openMessage } from "../../src/crypto/sealed-message.ts";
import { decodeMlsStrictly } from "../../src/identity/mls-decoding.ts";
import { SottoError } from "../../src/protocol/errors.ts";
import { fromBase64 } from "../../src/protocol/base64.ts";
import type { LogEntry } from "../../src/protocol/log-entry.ts";
import { copyOfOpen } from "./copied-store.ts";
import { coreOf, heldGroup } from "./held-state.ts";

/**
 * A copy of a device's store in the hands of somebody who also has the log, from the server or off the wire: all keys that were in it
 * then, and nothing that came later. It reads what they open, and follows what they let it follow.
 */
export class StolenState {
  private group: Group;
  private readonly historyKeys: readonly HistoryKey[];

  private constructor(group: Group, historyKeys: readonly HistoryKey[]) {
    this.group = group;
    this.historyKeys = historyKeys;
  }

  static async of(client: Client, conversation: string): Promise<StolenState> {
    const disk = await (await copyOfOpen(coreOf(client).store)).open();
    const rows = await disk.list(tables.historyKeys, { prefix: `${conversation}/` });
    const keys = rows.map(({ bytes }) => decodeRecord<HistoryKeyRecord>(bytes));
    await disk.close();
    return new StolenState(await heldGroup(client, conversation), keys);
  }

  get epoch(): number {
    return this.group.epoch;
  }

  /** The texts in these entries that it can open, by the group or by a history key; each commit that it can follow, it follows. */
  async read(entries: readonly LogEntry[]): Promise<string[]> {
    const texts: string[] = [];
    for (const entry of entries) {
      if (entry.kind === "commit") await this.follow(entry).catch(requireRefusal);
      const opened = entry.kind === "message" ? await this.open(entry) : undefined;
      if (opened !== undefined) texts.push(opened);
    }
    return texts;
  }

  private async follow({ payload, epoch }: LogEntry): Promise<void> {
    if (epoch !== this.group.epoch) return;
    this.group = (await engine.applyCommit(this.group, fromBase64(payload), { kind: "group" })).group;
  }

  private async open(entry: LogEntry): Promise<string | undefined> {
    const content = (await this.openByGroup(entry)) ?? this.openByHistoryKey(entry);
    const decoded = content && decodeContent(content);
    return decoded?.kind === "text" ? decoded.text : undefined;
  }

  /** By the library alone: what honest devices leave unopened, a thief opens. Nor does it forget a key that it has used. */
  private async openByGroup(entry: LogEntry): Promise<Uint8Array | undefined> {
    const { ciphertext, body } = decodeMessagePayload(fromBase64(entry.payload));
    const { state, primitives } = toMlsGroup(this.group);
    const message = decodeMlsStrictly(ciphertext);
    if (message.wireformat !== "mls_private_message") throw new Error("not a PrivateMessage");
    const { privateMessage } = message;
    const isCurrent = privateMessage.epoch === state.groupContext.epoch;
    const { senderDataSecret } = state.keySchedule;
    const epoch = isCurrent ? { ...state, senderDataSecret } : state.historicalReceiverData.get(privateMessage.epoch);
    const sender = this.group.members.find(({ device }) => device === entry.sender.device);
    if (!epoch || !sender) return undefined;
    const { content } = await unprotectPrivateMessage(
      epoch.senderDataSecret,
      privateMessage,
      epoch.secretTree,
      epoch.ratchetTree,
      epoch.groupContext,
      state.clientConfig.keyRetentionConfig,
      primitives,
    ).catch(() => ({ content: undefined }));
    if (content?.content.contentType !== "application") return undefined;
    const plaintext = content.content.applicationData;
    return openMessage({ ...entry, sender: sender.device }, { plaintext, body }).content;
  }

  private openByHistoryKey(entry: LogEntry): Uint8Array | undefined {
    const { body, wrap } = decodeMessagePayload(fromBase64(entry.payload));
    const sender = this.group.members.find(({ device }) => device === entry.sender.device);
    const name = wrap && nameOfWrap(wrap);
    const key = this.historyKeys.find((one) => one.epoch === name?.epoch && one.generation === name.generation);
    if (!wrap || !key || !sender) return undefined;
    return openKeptMessage({ ...entry, sender: sender.device }, { body, wrap }, sender, key).content;
  }
}

function requireRefusal(error: unknown): undefined {
  if (!(error instanceof SottoError)) throw error;
}
