/** The inside of the password thread: takes tasks, answers each once. Loaded by `passwords.ts` only. */
import { parentPort } from "node:worker_threads";
import libsodium from "libsodium-wrappers-sumo";

export type PasswordTask =
  { kind: "hash"; password: string } | { kind: "verify"; passwordHash: string; password: string };
export type PasswordTaskResult = { id: number; value: string | boolean } | { id: number; failed: true };

parentPort?.on("message", (message: { id: number; task: PasswordTask }) => void answer(message.id, message.task));

async function answer(id: number, task: PasswordTask): Promise<void> {
  let result: PasswordTaskResult;
  try {
    await libsodium.ready;
    result = { id, value: perform(task) };
  } catch {
    result = { id, failed: true };
  }
  parentPort?.postMessage(result);
}

function perform(task: PasswordTask): string | boolean {
  if (task.kind === "verify") return libsodium.crypto_pwhash_str_verify(task.passwordHash, task.password);
  return libsodium.crypto_pwhash_str(
    task.password,
    libsodium.crypto_pwhash_OPSLIMIT_INTERACTIVE,
    libsodium.crypto_pwhash_MEMLIMIT_INTERACTIVE,
  );
}
