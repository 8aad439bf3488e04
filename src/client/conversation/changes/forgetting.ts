/**
 * What a retraction takes out of the store: the text, the edits before and after, the reactions. The message stands on in its place, and so
 * does the retraction: the message may be read only later, or again. The same of a message that has disappeared. Also drops what has no effect because it is nobody's to say.
 */
import { decodeContent } from "../../../crypto/content.ts";
import type { ConversationId, MessageId } from "../../../protocol/ids.ts";
import {
  changeKey,
  decodeRecord,
  encodeRecord,
  entryKey,
  tables,
  type ChangeRecord,
  type EntryRecord,
} from "../../records.ts";
import type { Draft } from "../../stores/draft.ts";
import { entryAt } from "../kept-entries.ts";
import { forgetWords } from "../search/word-index.ts";
import type { Authorship } from "./authorship.ts";

/** Adds to the draft whatever has to go of a message, for all that store and draft hold of it. Idempotent. */
export async function forgetWhatIsRetracted(
  draft: Draft,
  authorship: Authorship,
  conversation: ConversationId,
  target: MessageId,
): Promise<void> {
  const prefix = `${conversation}/${target}/`;
  const changes = (await draft.list(tables.messageChanges, prefix)).map(({ bytes }) =>
    decodeRecord<ChangeRecord>(bytes),
  );
  if (changes.length === 0) return;
  const retractions = changes.filter(({ kind }) => kind === "retraction");
  const messages = await messagesAt(draft, conversation, prefix);
  const gone: EntryRecord[] = [];
  for (const message of messages) {
    const isBy = ({ sequence, sender }: ChangeRecord): boolean =>
      sequence > message.sequence && authorship.isSame(sender, message.sender);
    const isGone = message.kind === "gone" || message.retracted !== undefined;
    if (!isGone && !retractions.some(isBy)) continue;
    gone.push(message);
    if (isGone) continue;
    await forgetWords(draft, conversation, message);
    keep(draft, conversation, retracted(message));
  }
  const isAllGone = messages.length > 0 && gone.length === messages.length;
  /** Also where the message has not been read yet: what follows an edit of its author's follows the message. */
  const isTakenBack = ({ sequence, sender }: ChangeRecord): boolean =>
    messages.length > 0
      ? gone.some((message) => authorship.isSame(sender, message.sender))
      : retractions.some((one) => one.sequence > sequence && authorship.isSame(one.sender, sender));
  for (const change of changes) {
    const isStrangers = messages.length > 0 && messages.every(({ sender }) => sender.user !== change.sender.user);
    const goes =
      change.kind === "reaction" ? isAllGone : isStrangers || (change.kind === "edit" && isTakenBack(change));
    if (!goes) continue;
    draft.write({ table: tables.messageChanges, id: changeKey(conversation, target, change.sequence), bytes: null });
    const entry = await entryAt(draft, conversation, change.sequence);
    if (!entry?.content) continue;
    await forgetWords(draft, conversation, entry);
    keep(draft, conversation, { ...entry, content: null });
  }
}

/** One; more only where a server lets somebody use the id of another's message. */
async function messagesAt(draft: Draft, conversation: ConversationId, prefix: string): Promise<EntryRecord[]> {
  const places = await draft.list(tables.messagePlaces, prefix);
  const entries = await Promise.all(
    places.map(({ id }) => entryAt(draft, conversation, Number(id.slice(prefix.length)))),
  );
  return entries.filter((entry) => entry !== undefined);
}

function keep(draft: Draft, conversation: ConversationId, entry: EntryRecord): void {
  draft.write({ table: tables.entries, id: entryKey(conversation, entry.sequence), bytes: encodeRecord(entry) });
}

function retracted(message: EntryRecord): EntryRecord {
  const content = message.content && decodeContent(message.content);
  const sentAt = content?.kind === "text" ? content.sentAt : message.acceptedAt;
  return { ...message, content: null, retracted: { sentAt } };
}
