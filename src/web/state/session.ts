/** Which screen there is, and what moves from one to another: signing in, unlocking, linking, another tab. */
import { signal } from "@preact/signals";
import type { ErrorCode, Opened } from "../bridge/contract.ts";
import { bridge } from "./bridge.ts";
import { followConnection } from "./connection.ts";
import { clearConversations, loadConversations } from "./conversations.ts";
import { clearDrafts, loadDrafts } from "./drafts.ts";
import { closeConversation } from "./open-conversation.ts";
import { holdTab, takeTabOver } from "./tab.ts";

export type Screen =
  | { name: "starting" }
  | { name: "insecure" }
  | { name: "sign-in"; mode: "log-in" | "sign-up" }
  | { name: "unlock"; user: string }
  | { name: "link"; user: string }
  | { name: "other-tab" }
  | { name: "ended"; code: ErrorCode }
  | { name: "open" };

export const screen = signal<Screen>({ name: "starting" });
/** Who is in. */
export const me = signal({ user: "", device: "" });

/** Who was in last, in this browser: a name, and nothing that opens anything. */
const userKey = "sotto-web/user";

export async function start(): Promise<void> {
  if (!globalThis.isSecureContext) {
    screen.value = { name: "insecure" };
    return;
  }
  followConnection();
  bridge.on("ended", ({ code }) => void end(code));
  if (await holdTab(giveAway)) askWho();
  else screen.value = { name: "other-tab" };
}

export async function takeOver(): Promise<void> {
  screen.value = { name: "starting" };
  await takeTabOver(giveAway);
  askWho();
}

export function askWho(): void {
  const user = localStorage.getItem(userKey);
  screen.value = user === null ? { name: "sign-in", mode: "sign-up" } : { name: "unlock", user };
}

/** Errors of these are shown where they were called. */
export async function signUp(user: string, password: string): Promise<void> {
  await enter(await bridge.call("signUp", { user, password }));
}
export async function logIn(user: string, password: string): Promise<void> {
  await enter(await bridge.call("logIn", { user, password }));
}
export async function unlock(user: string, password: string): Promise<void> {
  await enter(await bridge.call("unlock", { user, password }));
}

/** The device has been linked, restored or begun anew. */
export async function deviceIsReady(): Promise<void> {
  await loadConversations();
  await loadDrafts();
  screen.value = { name: "open" };
}

export async function lock(): Promise<void> {
  await leave();
  askWho();
}

export function useAnother(): void {
  screen.value = { name: "sign-in", mode: "log-in" };
}

export async function erase(user: string): Promise<void> {
  closeConversation();
  await bridge.call("erase", { user });
  clearConversations();
  clearDrafts();
  localStorage.removeItem(userKey);
  screen.value = { name: "sign-in", mode: "log-in" };
}

async function enter({ user, device, standing }: Opened): Promise<void> {
  localStorage.setItem(userKey, user);
  me.value = { user, device };
  if (standing === "link-required") screen.value = { name: "link", user };
  else await deviceIsReady();
}

async function leave(): Promise<void> {
  closeConversation();
  await bridge.call("lock");
  clearConversations();
  clearDrafts();
}

async function giveAway(): Promise<void> {
  await leave().catch(() => undefined);
  screen.value = { name: "other-tab" };
}

async function end(code: ErrorCode): Promise<void> {
  await leave().catch(() => undefined);
  screen.value = code === "store-locked" ? { name: "other-tab" } : { name: "ended", code };
}
