import { computed, signal } from "@preact/signals";
import type { ConversationFacts } from "../bridge/contract.ts";
import { strings } from "../strings.ts";
import { bridge } from "./bridge.ts";
import { clearNotes, noteChanges } from "./notes.ts";
import { announce, notify } from "./notices.ts";

export interface Presence {
  online: boolean;
  lastSeen: number | null;
}

const byId = signal<ReadonlyMap<string, ConversationFacts>>(new Map());
/** By user. */
export const presence = signal<ReadonlyMap<string, Presence>>(new Map());
export const blocked = signal<readonly string[]>([]);
/** Contacts whose key is not the one that it was, until a person has looked. */
export const changedIdentities = signal<ReadonlySet<string>>(new Set());
/** The conversation that is shown, by its id, which the address has after its `#`. */
export const chosen = signal<string | undefined>(undefined);

/** A new one, in which nothing was said yet, comes first; then the one in which something was said last. */
export const conversations = computed(() => [...byId.value.values()].sort((one, other) => lastAt(other) - lastAt(one)));
const lastAt = ({ last }: ConversationFacts): number => last?.at ?? Number.MAX_SAFE_INTEGER;
export const chosenConversation = computed(() =>
  chosen.value === undefined ? undefined : byId.value.get(chosen.value),
);
export const unreadInAll = computed(() => conversations.value.reduce((sum, { unread }) => sum + unread, 0));

export async function loadConversations(): Promise<void> {
  const all = await bridge.call("conversations");
  byId.value = new Map(all.map((one) => [one.id, one]));
  blocked.value = await bridge.call("blocked");
  changedIdentities.value = new Set(await bridge.call("changedIdentities"));
}

export function clearConversations(): void {
  byId.value = new Map();
  presence.value = new Map();
  changedIdentities.value = new Set();
  blocked.value = [];
  clearNotes();
}

export function keep(conversation: ConversationFacts): void {
  byId.value = new Map(byId.value).set(conversation.id, conversation);
}

export const conversationById = (id: string): ConversationFacts | undefined => byId.value.get(id);

export const titleOf = ({ title }: ConversationFacts): string => title || strings.list.unnamed;

export function choose(id: string | undefined): void {
  if (id === undefined) history.pushState(null, "", location.pathname);
  else history.pushState(null, "", `#${id}`);
  followAddress();
}

export function followAddress(): void {
  chosen.value = location.hash.slice(1) || undefined;
}

export async function startDirect(user: string): Promise<void> {
  const conversation = await bridge.call("openDirect", { user });
  keep(conversation);
  choose(conversation.id);
}

export async function startGroup(name: string, members: string[]): Promise<void> {
  const conversation = await bridge.call("createGroup", { name, members });
  keep(conversation);
  choose(conversation.id);
}

export function settleIdentity(user: string): void {
  const rest = new Set(changedIdentities.value);
  rest.delete(user);
  changedIdentities.value = rest;
}

bridge.on("conversation", (now) => {
  const before = byId.value.get(now.id);
  if (before) noteChanges(before, now);
  keep(now);
});
bridge.on("blocked", (users) => (blocked.value = users));
bridge.on("presence", ({ user, online, lastSeen }) => {
  presence.value = new Map(presence.value).set(user, { online, lastSeen });
});
bridge.on("identity-changed", ({ user, hasStartedOver }) => {
  changedIdentities.value = new Set(changedIdentities.value).add(user);
  const { startedOver, identityChanged } = strings.notices;
  notify(hasStartedOver ? startedOver(user) : identityChanged(user), true);
});
bridge.on("fault", ({ code }) => {
  // An event of its own tells of it.
  if (code !== "identity-changed") notify(strings.notices.fault(code), true);
});
bridge.on("arrived", ({ sender, text }) => announce(strings.notices.arrived(sender, text)));
