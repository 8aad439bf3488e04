/**
 * Access to libsodium, the one source of primitives. Loaded once, as WebAssembly, in Node and in browsers alike.
 * Call `await sodiumReady()` at every entry point before anything that uses `sodium()`; after that all primitives are
 * synchronous. Never wraps or renames a primitive: those who use one say which.
 */
import libsodium from "libsodium-wrappers-sumo";

export type Sodium = typeof libsodium;

let isReady = false;

/** Resolves when the WebAssembly module has been compiled; cheap when called again. */
export async function sodiumReady(): Promise<void> {
  if (isReady) return;
  await libsodium.ready;
  isReady = true;
}

/** The loaded module. Throws when `sodiumReady()` was not awaited first: a fault of the program, not of its input. */
export function sodium(): Sodium {
  if (!isReady) throw new Error("sodium() was called before sodiumReady() resolved");
  return libsodium;
}
