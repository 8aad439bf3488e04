/** Messages and what becomes of them, as lines of a terminal. */
import type { Message } from "../../client/index.ts";
import { printable } from "./printable.ts";

/** What is left of a message that was taken back. */
export const takenBack = "(taken back)";

/** One line, safe to print. */
export function describeMessage({ text, isRetracted, isUnknown }: Message): string {
  if (isRetracted) return takenBack;
  return isUnknown ? "(made by a later version of sotto)" : printable(text);
}

/** What somebody else, or another device of one's own, has done to a message; undefined where nothing is to be said. */
export function describeChange(message: Message): string | undefined {
  const { lastChange } = message;
  if (!lastChange) return undefined;
  const { kind, user, emoji = "", isRemoved } = lastChange;
  if (kind === "edit") return `${user} edited: ${describeMessage(message)}`;
  if (kind === "retraction") return `${user} took a message back`;
  return `${user} ${isRemoved ? "no longer " : ""}${emoji}  ${shortened(describeMessage(message))}`;
}

export const shortened = (text: string): string => (text.length > 30 ? `${text.slice(0, 29)}…` : text);
