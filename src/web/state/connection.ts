import { computed, signal } from "@preact/signals";
import type { ConnectionState, Failure } from "../bridge/contract.ts";
import { strings } from "../strings.ts";
import { bridge } from "./bridge.ts";
import { wordsForCode } from "./notices.ts";

/** A cut that is over sooner bothers nobody. */
const patienceMs = 5000;

const connection = signal<{ state: ConnectionState; refusal?: Failure }>({ state: "connecting" });
const isLate = signal(false);
const isOnLine = signal(navigator.onLine);
let timer: ReturnType<typeof setTimeout> | undefined;

/** What the banner says; undefined while there is nothing to say. */
export const connectionWords = computed(() => {
  const { state, refusal } = connection.value;
  if (state === "online") return undefined;
  if (state === "refused") return strings.connection.refused(wordsForCode(refusal?.code ?? "internal"));
  if (!isOnLine.value) return strings.connection.offline;
  return isLate.value ? strings.connection.reconnecting : undefined;
});

export function followConnection(): void {
  for (const name of ["online", "offline"]) {
    addEventListener(name, () => (isOnLine.value = navigator.onLine));
  }
  bridge.on("connection", (now) => {
    connection.value = now;
    if (now.state === "online") {
      clearTimeout(timer);
      timer = undefined;
      isLate.value = false;
    } else timer ??= setTimeout(() => (isLate.value = true), patienceMs);
  });
}
