/**
 * Puts entries back at the end of a log that has lost them, with the database that was put back to an older copy. Takes only
 * what a node has accepted before, by its voucher; then the same rules hold as when it was accepted first. An insider can
 * put nothing in that was not there, and nothing twice: numbers and epochs are the store's to check, as always.
 */
import { fromBase64 } from "../protocol/base64.ts";
import { SottoError } from "../protocol/errors.ts";
import type { ConversationId } from "../protocol/ids.ts";
import type { LogEntry } from "../protocol/log-entry.ts";
import { checkCommit } from "./commit-check.ts";
import type { PublicChecks } from "./ports/public-checks.ts";
import type { Store } from "./ports/store.ts";
import type { Vouchers } from "./ports/vouchers.ts";

interface Ports {
  store: Store;
  checks: PublicChecks;
  vouchers: Vouchers;
}

/** Answers how many of them, from the first on, are in the log now. Throws `forbidden` before anything is written. */
export async function restoreEntries(
  ports: Ports,
  conversation: ConversationId,
  entries: readonly LogEntry[],
): Promise<number> {
  const isGenuine = (entry: LogEntry) => entry.conversation === conversation && ports.vouchers.isVouched(entry);
  if (!entries.every(isGenuine)) {
    throw new SottoError("forbidden", { detail: "An entry is not one that a node has accepted in this conversation." });
  }
  let restored = 0;
  for (const run of runsOf(entries)) {
    const taken = await restoreRun(ports, conversation, run);
    restored += taken;
    if (taken < run.length) break;
  }
  return restored;
}

/** Messages between two commits go in together. */
function runsOf(entries: readonly LogEntry[]): LogEntry[][] {
  const runs: LogEntry[][] = [];
  for (const entry of entries) {
    const last = runs.at(-1);
    if (entry.kind === "message" && last?.[0]?.kind === "message") last.push(entry);
    else runs.push([entry]);
  }
  return runs;
}

async function restoreRun(ports: Ports, conversation: ConversationId, run: readonly LogEntry[]): Promise<number> {
  if (run[0]?.kind === "commit") return (await restoreCommit(ports, run[0])) ? 1 : 0;
  if (run[0]?.kind === "leave") return (await restoreLeave(ports, run[0])) ? 1 : 0;
  const outcomes = await ports.store.acceptMessages(
    conversation,
    run.map((entry) => ({ ...entry, payload: fromBase64(entry.payload) })),
  );
  const isIn = ({ status }: (typeof outcomes)[number]) => status === "accepted" || status === "already-accepted";
  const firstOut = outcomes.findIndex((outcome) => !isIn(outcome));
  return firstOut === -1 ? outcomes.length : firstOut;
}

/** The Welcome that came with it is lost: whom it added and who has not joined yet asks to be added again. */
async function restoreCommit(ports: Ports, entry: LogEntry): Promise<boolean> {
  const { conversation, generation, epoch, id, sender, payload, acceptedAt } = entry;
  const device = await ports.store.findDevice(sender.device);
  if (!device) return false;
  const request = { conversation, generation, epoch, id, commit: payload };
  try {
    const commit = await checkCommit(ports, { ...sender, deviceKey: device.deviceKey }, request, { isVouched: true });
    const { status } = await ports.store.acceptCommit({ ...commit, acceptedAt });
    return status === "accepted" || status === "already-accepted";
  } catch (error) {
    // What is wrong with it stays so; what stopped it for now is for the caller to try again.
    if (error instanceof SottoError && (!error.retryable || error.code === "stale-epoch")) return false;
    throw error;
  }
}

async function restoreLeave({ store }: Ports, entry: LogEntry): Promise<boolean> {
  const { conversation, generation, epoch, id, sender, payload, acceptedAt } = entry;
  const leave = { conversation, generation, epoch, id, sender, signature: fromBase64(payload), acceptedAt };
  const { status } = await store.acceptLeave(leave);
  return status === "accepted" || status === "already-accepted";
}
