import type { AcceptMessage, AckOutcome, AckRow, MessageOutcome } from "../../../actors/ports/store-log.ts";
import type { ConversationId } from "../../../protocol/ids.ts";

interface Unit<Outcome> {
  conversation: ConversationId;
  resolve(outcome: Outcome): void;
  reject(error: unknown): void;
}

/** One call that writes to one conversation's log or positions, and who waits for it. */
export type WriteUnit =
  | (Unit<MessageOutcome[]> & { kind: "messages"; messages: readonly AcceptMessage[] })
  | (Unit<AckOutcome> & { kind: "ack"; ack: AckRow });

/** About how much it adds to a batch. */
export function weightOf(unit: WriteUnit): number {
  return unit.kind === "ack" ? 1 : unit.messages.length;
}

export function bytesOf(unit: WriteUnit): number {
  return unit.kind === "ack" ? 0 : unit.messages.reduce((sum, { payload }) => sum + payload.length, 0);
}
