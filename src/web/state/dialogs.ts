import { signal } from "@preact/signals";
import type { MessageFacts } from "../bridge/contract.ts";

export type OpenDialog =
  | { name: "new-conversation" }
  | { name: "new-group" }
  | { name: "settings" }
  | { name: "verification"; user: string }
  | { name: "receipts"; message: MessageFacts }
  | { name: "leave-group"; conversation: string }
  | { name: "shorten-retention"; conversation: string; days: number }
  | { name: "block"; user: string }
  | { name: "revoke-device"; device: string; label: string }
  | { name: "erase" };

/** The one that is open. */
export const dialog = signal<OpenDialog | undefined>(undefined);
export const isDetailsOpen = signal(false);
export const isChatSearchOpen = signal(false);

export const closeDialog = (): void => {
  dialog.value = undefined;
};
