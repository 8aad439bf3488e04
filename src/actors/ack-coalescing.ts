import type { ConversationId } from "../protocol/ids.ts";
import type { Ack } from "../protocol/receipts.ts";
import type { Caller } from "./caller.ts";
import type { Audience } from "./rosters.ts";

/** An ack that waits in its device's mailbox. */
export interface PendingAck {
  caller: Caller;
  audience: Audience;
  request: Ack;
}

/**
 * The newest signed ack of each conversation: the highest sequence, the last to come among equals. Those that are not signed
 * are refused; what the newest supersedes is not even verified. The caller settles it with the newest one's outcome.
 */
export function newestAcks(
  acks: readonly PendingAck[],
  isSigned: (ack: PendingAck) => boolean,
): { newest: PendingAck[]; refused: PendingAck[] } {
  const newest = new Map<ConversationId, PendingAck>();
  const refused: PendingAck[] = [];
  const newestFirst = acks.toReversed().sort((a, b) => b.request.sequence - a.request.sequence);
  for (const ack of newestFirst) {
    if (newest.has(ack.request.conversation)) continue;
    if (isSigned(ack)) newest.set(ack.request.conversation, ack);
    else refused.push(ack);
  }
  return { newest: [...newest.values()], refused };
}
