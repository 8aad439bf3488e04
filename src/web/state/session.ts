/** Which screen there is, and what moves from one to another: signing in, unlocking, linking, another tab. */
import { signal } from "@preact/signals";
import type { ErrorCode, Opened } from "../bridge/contract.ts";
import { bridge } from "./bridge.ts";
import { followConnection } from "./connection.ts";
import { chosen, clearConversations, loadConversations } from "./conversations.ts";
import { clearDrafts, loadDrafts } from "./drafts.ts";
import { run } from "./notices.ts";
import { closeConversation } from "./open-conversation.ts";
import { holdTab, takeTabOver } from "./tab.ts";

export type Screen =
  | { name: "starting" }
  | { name: "insecure" }
  | { name: "sign-in"; mode: "log-in" | "sign-up" }
  | { name: "unlock"; user: string }
  | { name: "hosted"; user: string; isNew: boolean }
  | { name: "no-accounts" }
  | { name: "link"; user: string }
  | { name: "other-tab" }
  | { name: "ended"; code: ErrorCode }
  | { name: "open" };

export const screen = signal<Screen>({ name: "starting" });
/** Who is in. */
export const me = signal({ user: "", device: "" });

/** Who was in last, in this browser: a name, and nothing that opens anything. */
const userKey = "sotto-web/user";
/** There when that was with a token of the host application: its password here is for this browser alone, and never goes to the node. */
const hostedKey = "sotto-web/hosted";

/** Who came with a token that no client was opened with yet. */
let handedOver: string | undefined;

/**
 * Takes what the host application has handed over in the address (`#token=…`), and takes it out of there before anything else happens: no history,
 * no bookmark and nothing shown has it.
 */
export async function takeTokenFromAddress(): Promise<void> {
  const [, token] = /^#token=(.+)$/.exec(location.hash) ?? [];
  if (token === undefined) return;
  history.replaceState(null, "", chosen.value === undefined ? location.pathname : `#${chosen.value}`);
  const { user } = await bridge.call("takeToken", { token });
  if (me.value.user === user && screen.value.name === "open") return;
  handedOver = user;
  if (screen.value.name === "open") await lock();
  else if (screen.value.name !== "starting" && screen.value.name !== "other-tab") askWho();
}

export async function start(): Promise<void> {
  const token = takeTokenFromAddress();
  run(token);
  if (!globalThis.isSecureContext) {
    screen.value = { name: "insecure" };
    return;
  }
  followConnection();
  bridge.on("ended", ({ code }) => void end(code));
  const isHeld = await holdTab(giveAway);
  await token.catch(() => undefined);
  if (isHeld) askWho();
  else screen.value = { name: "other-tab" };
}

export async function takeOver(): Promise<void> {
  screen.value = { name: "starting" };
  await takeTabOver(giveAway);
  askWho();
}

export function askWho(): void {
  const user = localStorage.getItem(userKey);
  const isHosted = localStorage.getItem(hostedKey) !== null;
  if (handedOver !== undefined) screen.value = { name: "hosted", user: handedOver, isNew: handedOver !== user };
  else if (user === null) run(askForAccount());
  else screen.value = isHosted ? { name: "hosted", user, isNew: false } : { name: "unlock", user };
}

async function askForAccount(): Promise<void> {
  const hasAccounts = await bridge.call("accounts");
  if (handedOver !== undefined) return askWho();
  screen.value = hasAccounts ? { name: "sign-in", mode: "sign-up" } : { name: "no-accounts" };
}

/** Who came with a token, now or formerly. */
export async function openWithToken(user: string, password: string, isNew: boolean): Promise<void> {
  const opened = await bridge.call("openWithToken", { user, password, isNew });
  handedOver = undefined;
  localStorage.setItem(hostedKey, "");
  await enter(opened);
}

/** Errors of these are shown where they were called. */
export async function signUp(user: string, password: string): Promise<void> {
  await enterAccount(await bridge.call("signUp", { user, password }));
}
export async function logIn(user: string, password: string): Promise<void> {
  await enterAccount(await bridge.call("logIn", { user, password }));
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
  if (localStorage.getItem(hostedKey) === null) return useAnother();
  localStorage.removeItem(hostedKey);
  askWho();
}

function enterAccount(opened: Opened): Promise<void> {
  localStorage.removeItem(hostedKey);
  return enter(opened);
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
