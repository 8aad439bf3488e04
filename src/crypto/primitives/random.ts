/**
 * Cryptographically secure random bytes, at most 65536 at once. From the platform's generator: the very source that libsodium's
 * WebAssembly build draws on, but in one call instead of one for every four bytes (measured: 5 µs against 147 µs for 24 bytes).
 */
export function randomBytes(length: number): Uint8Array {
  return globalThis.crypto.getRandomValues(new Uint8Array(length));
}
