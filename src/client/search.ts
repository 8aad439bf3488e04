/** Local search: over what this device holds, in one conversation or in all. The node takes no part in it, and could not. */
import { SottoError } from "../protocol/errors.ts";
import type { Conversation } from "./conversation/conversation.ts";
import type { ConversationRegistry } from "./conversation/conversation-registry.ts";
import type { Message } from "./conversation/message.ts";
import { wordsOf } from "./conversation/search/words.ts";

export interface SearchOptions {
  /** In this one only. */
  conversation?: Conversation | string;
  /** 1 to 1,000; 50 if nothing is said. */
  limit?: number;
  signal?: AbortSignal;
}

export interface SearchHit {
  conversation: Conversation;
  message: Message;
}

const hitsAtMost = 1000;
const beginningsAtMost = 16;

/** See `Client.search`. */
export async function search(
  registry: ConversationRegistry,
  words: string,
  { conversation, limit = 50, signal }: SearchOptions,
): Promise<SearchHit[]> {
  const beginnings = typeof words === "string" ? wordsOf(words).slice(0, beginningsAtMost) : [];
  if (beginnings.length === 0 || !Number.isInteger(limit) || limit < 1 || limit > hitsAtMost) {
    const detail = `A search is for a word or more, and gives 1 to ${hitsAtMost} messages.`;
    throw new SottoError("invalid-argument", { detail });
  }
  const id = typeof conversation === "string" ? conversation : conversation?.id;
  const hits: SearchHit[] = [];
  for (const one of registry.all()) {
    if (id !== undefined && one.id !== id) continue;
    if (signal?.aborted) throw new SottoError("aborted");
    const found = await registry.actor(one.id)!.messages.search.find(beginnings, limit, signal);
    hits.push(...found.map((message) => ({ conversation: one, message })));
  }
  return hits.toSorted((one, other) => timeOf(other) - timeOf(one)).slice(0, limit);
}

/** Within a conversation this is the order of the log. */
const timeOf = ({ message }: SearchHit): number => (message.acceptedAt ?? message.sentAt).getTime();
