export const trap: Uint8Array;
export function trimWasm(bytes: Uint8Array, kept: ReadonlySet<string>): Uint8Array;
