/** What of a message changes after it was written, as it is to be shown. */
import type { Content } from "../../../crypto/content.ts";
import type { MessageId, UserId } from "../../../protocol/ids.ts";
import type { Outcome, Reactions } from "./outcome.ts";

export interface MessageView {
  readonly text: string;
  readonly replyTo: MessageId | undefined;
  readonly mentions: readonly UserId[];
  /** How long it lasts once it is read, in seconds, as it says itself; undefined: it does not say. */
  readonly expiresIn: number | undefined;
  /** By the sender's clock. */
  readonly editedAt: Date | undefined;
  readonly isRetracted: boolean;
  /** It has disappeared, or retention has passed it. */
  readonly isGone: boolean;
  readonly reactions: Reactions;
  /** Of a later version of Sotto. */
  readonly isUnknown: boolean;
}

/** What an edit made of a text; `sentAt`: ms since 1970. */
export interface EditedText {
  text: string;
  mentions?: readonly UserId[];
  sentAt: number;
}

const blank: MessageView = {
  text: "",
  replyTo: undefined,
  mentions: [],
  expiresIn: undefined,
  editedAt: undefined,
  isRetracted: false,
  isGone: false,
  reactions: new Map(),
  isUnknown: false,
};

export const retractedView: MessageView = { ...blank, isRetracted: true };
export const goneView: MessageView = { ...blank, isGone: true };

/** A message as it was written, with what became of it. */
export function viewOf(
  content: Content,
  { isRetracted, reactions }: Pick<Outcome<unknown>, "isRetracted" | "reactions"> = blank,
  edited?: EditedText,
): MessageView {
  if (isRetracted) return retractedView;
  if (content.kind !== "text") return { ...blank, reactions, isUnknown: true };
  const { text, mentions = [] } = edited ?? content;
  const editedAt = edited && new Date(edited.sentAt);
  const { replyTo, expiresIn } = content;
  return { ...blank, text, replyTo, mentions, expiresIn, editedAt, reactions };
}

export function isSameView(one: MessageView, other: MessageView): boolean {
  return one === other || plain(one) === plain(other);
}

const plain = (view: MessageView): string => JSON.stringify({ ...view, reactions: [...view.reactions] });
