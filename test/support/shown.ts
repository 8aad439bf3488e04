/** What a device shows of a conversation, in a form that is the same, byte by byte, where two devices show the same. */
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
  };
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
