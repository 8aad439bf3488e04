/** Seals messages of the outbox under the group as it is, one after another: numbers in the order of ids, each chained to the last. */
import { decodeContent, type Content } from "../../crypto/content.ts";
import type { Group } from "../../crypto/group-engine.ts";
import type { HistoryKey } from "../../crypto/history-key.ts";
import { encodeMessagePayload } from "../../crypto/message-payload.ts";
import { sealMessage, type DeviceListHead } from "../../crypto/sealed-message.ts";
import type { ConversationId } from "../../protocol/ids.ts";
import type { ClientCore } from "../core.ts";
import type { OutboxRecord } from "../records.ts";
import { lifetimeOf } from "./disappearing-messages.ts";
import { envelopeBytes } from "./entry-opener.ts";

/** Where the device stands: its group, its last number and what that message said. `lastContentHash`: 32 bytes. */
export interface SealingState {
  group: Group;
  conversation: ConversationId;
  lastNumber: number;
  lastContentHash: Uint8Array | null;
  /** Where the history of the conversation is kept. */
  historyKey: HistoryKey | undefined;
}

/** A message that has a number keeps it, and what it is chained to. The caller stores all of it, then releases. */
export async function sealOutgoing(
  core: ClientCore,
  state: SealingState,
  records: readonly OutboxRecord[],
  deviceList: DeviceListHead,
): Promise<{
  records: OutboxRecord[];
  group: Group;
  lastNumber: number;
  lastContentHash: Uint8Array | null;
  release(): void;
}> {
  let { group, lastNumber, lastContentHash } = state;
  const { device, deviceSecretKey } = core.own.identity();
  const sealedRecords: OutboxRecord[] = [];
  const releases: (() => void)[] = [];
  for (const record of records) {
    const number = record.number ?? lastNumber + 1;
    const previousContentHash = record.previousContentHash ?? lastContentHash ?? new Uint8Array(32);
    const place = { conversation: state.conversation, id: record.id, sender: device };
    const message = { number, previousContentHash, content: record.content, deviceList };
    // What disappears is for those who are here now: nobody is to open it later.
    const disappears = lifetimeOf(readable(record.content), group.policy?.disappearingSeconds) !== undefined;
    const historyKey = disappears ? undefined : state.historyKey;
    const { plaintext, body, wrap, contentHash } = sealMessage(place, message, deviceSecretKey, historyKey);
    const { generation, epoch } = group;
    const sealed = await core.engine.seal(group, plaintext, envelopeBytes({ ...place, generation, epoch, number }));
    group = sealed.group;
    // The function alone: held to the end of the run, the sealed message would keep every state of the group between.
    releases.push(sealed.release);
    const payload = encodeMessagePayload({ ciphertext: sealed.ciphertext, body, wrap });
    const bytes = { generation, epoch, payload, ...(disappears && { disappears }) };
    sealedRecords.push({ ...record, number, contentHash, previousContentHash, sealed: bytes });
    if (number > lastNumber) [lastNumber, lastContentHash] = [number, contentHash];
  }
  const release = (): void => releases.forEach((one) => one());
  return { records: sealedRecords, group, lastNumber, lastContentHash, release };
}

/** What the outbox holds of another version may be nothing that this one knows. */
export function readable(content: Uint8Array): Content {
  try {
    return decodeContent(content);
  } catch {
    return { kind: "unknown" };
  }
}
