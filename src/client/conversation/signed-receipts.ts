/**
 * Whether a receipt proves what it says: a member's device signed it, over the very log that this device holds. Forks are reported;
 * nothing is kept here.
 */
import type { GroupMember } from "../../crypto/group-engine.ts";
import { verifyAck } from "../../identity/ack.ts";
import { verifyReadMark } from "../../identity/read-mark.ts";
import { fromBase64 } from "../../protocol/base64.ts";
import { equalBytes } from "../../protocol/equal-bytes.ts";
import type { ConversationId, UserId } from "../../protocol/ids.ts";
import type { Receipt } from "../../protocol/receipts.ts";
import type { ClientCore } from "../core.ts";
import type { ConversationState } from "./conversation-state.ts";
import { entryAt } from "./kept-entries.ts";
import { isComputed } from "./log-batch.ts";

export type SignedReceipt = Extract<Receipt, { kind: "delivered" | "read" }>;

/**
 * `early`: signed, for a sequence that this device has not stored yet. `unknown`: signed, over an entry that this device does not
 * hold. `refused`: not signed by who it names, or over another log.
 */
export type Proof = "holds" | "early" | "unknown" | "refused";

export class SignedReceipts {
  private readonly core: ClientCore;
  private readonly state: ConversationState;

  constructor(core: ClientCore, state: ConversationState) {
    this.core = core;
    this.state = state;
  }

  async prove(receipt: SignedReceipt): Promise<Proof> {
    const { user, device } = receipt;
    const { conversation, sequence } = saidBy(receipt);
    const member = this.signer(user, device, sequence);
    if (conversation !== this.state.id || !member || !isSigned(receipt, member.deviceKey)) return "refused";
    if (sequence > this.state.record.position) return "early";
    const own = await this.logHashAt(sequence);
    if (!own) return "unknown";
    if (equalBytes(own, fromBase64(saidBy(receipt).logHash))) return "holds";
    this.core.report({ code: "log-forked", conversation, user, device, sequence });
    return "refused";
  }

  /** The log hash of an ack begins at this commit, and speaks of nothing before it. */
  lastCommit(sequence: number): number {
    return this.state.record.commits.findLast((commit) => commit <= sequence) ?? sequence;
  }

  async logHashAt(sequence: number): Promise<Uint8Array | null> {
    const isLast = sequence === this.state.record.position;
    const logHash = isLast
      ? this.state.record.logHash
      : (await entryAt(this.core.store, this.state.id, sequence))?.logHash;
    return logHash && isComputed(logHash) ? logHash : null;
  }

  /** A member, or a device that was one until after `sequence`: a stolen key signs nothing about what came later. */
  private signer(user: UserId, device: GroupMember["device"], sequence: number): { deviceKey: Uint8Array } | undefined {
    const member = this.state.group?.members.find((one) => one.user === user && one.device === device);
    if (member) return member;
    const end = this.state.record.departures[device];
    if (end === undefined || sequence > end) return undefined;
    return this.core.directory.get(user)?.devices.get(device);
  }
}

/** What was signed. */
export function saidBy(receipt: SignedReceipt): { conversation: ConversationId; sequence: number; logHash: string } {
  return receipt.kind === "read" ? receipt.mark : receipt.ack;
}

function isSigned(receipt: SignedReceipt, deviceKey: Uint8Array): boolean {
  if (receipt.kind === "delivered") {
    const { ack } = receipt;
    return verifyAck({ ...ack, logHash: fromBase64(ack.logHash) }, fromBase64(ack.signature), deviceKey);
  }
  const { mark } = receipt;
  return verifyReadMark({ ...mark, logHash: fromBase64(mark.logHash) }, fromBase64(mark.signature), deviceKey);
}
