/** What a device shows of a conversation, in a form that is the same, byte by byte, where two devices show the same. */
import { createHash } from "node:crypto";
import type { Conversation, HistoryPage, Message } from "../../src/client/index.ts";

/** Everything that people see of a message, but how far it has got. */
export function shownOf(message: HistoryPage["messages"][number]): object {
  if ("reason" in message) return { sequence: message.sequence, unopened: message.sender.user };
  return {
    id: message.id,
    sequence: message.sequence,
    sender: message.sender,
    sentAt: message.sentAt,
    acceptedAt: message.acceptedAt,
    text: message.text,
    replyTo: message.replyTo,
    mentions: message.mentions,
    editedAt: message.editedAt,
    isRetracted: message.isRetracted,
    reactions: [...message.reactions],
    expiresIn: message.expiresIn,
    isUnknown: message.isUnknown,
    attachments: message.attachments.map(({ name, type, size, preview }) => ({ name, type, size, preview })),
  };
}

/** The same with the hash of each file, which is fetched. */
async function shownWithFiles(message: HistoryPage["messages"][number]): Promise<object> {
  if ("reason" in message) return shownOf(message);
  const files: string[] = [];
  for (const attachment of message.attachments) {
    const hash = createHash("sha256");
    for await (const chunk of attachment.download()) hash.update(chunk);
    files.push(hash.digest("hex"));
  }
  return { ...shownOf(message), files };
}

/** Page for page, back to the beginning, all that a device shows and says of each; in turn so many messages a page. */
export async function pagesShown(chat: Conversation, limits: readonly number[]): Promise<string[]> {
  const pages: string[] = [];
  for (let before: number | undefined; ;) {
    const limit = limits[pages.length % limits.length]!;
    const { messages, ...about } = await chat.history({ limit, ...(before === undefined ? {} : { before }) });
    const shown: object[] = [];
    for (const message of messages) shown.push(await shownWithFiles(message));
    pages.push(JSON.stringify({ ...about, messages: shown }, null, 1));
    if (about.before === undefined) return pages;
    before = about.before;
  }
}

/** All pages, back from the newest, in the order of the log. */
export async function pagesBack(chat: Conversation, limit = 50): Promise<HistoryPage["messages"]> {
  const pages: HistoryPage["messages"][] = [];
  for (let before: number | undefined; ;) {
    const page = await chat.history({ limit, ...(before === undefined ? {} : { before }) });
    pages.unshift(page.messages);
    if (page.before === undefined) return pages.flat();
    before = page.before;
  }
}

/** All pages, on from the beginning. */
export async function pagesOn(chat: Conversation, limit = 50): Promise<HistoryPage["messages"]> {
  const pages: HistoryPage["messages"][] = [];
  for (let after = 0; ;) {
    const page = await chat.history({ limit, after });
    pages.push(page.messages);
    if (page.after === undefined) return pages.flat();
    after = page.after;
  }
}

/** Everything that a device shows, as one text. */
export async function shownBy(chat: Conversation, limit = 50): Promise<string> {
  return JSON.stringify((await pagesBack(chat, limit)).map(shownOf), null, 1);
}

/** The message with this text, or that had it when it was sent. */
export async function messageOf(chat: Conversation, text: string): Promise<Message> {
  const found = (await pagesBack(chat)).find((one): one is Message => !("reason" in one) && one.text === text);
  if (!found) throw new Error(`there is no "${text}"`);
  return found;
}
