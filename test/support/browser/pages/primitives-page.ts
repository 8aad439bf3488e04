/** The primitives of `src/crypto`, over libsodium as the web client has it. */
import { sodium, sodiumReady } from "../../../../src/identity/sodium.ts";
import { answering } from "../calls.ts";
import { make, primitiveResults, type Made } from "../primitives.ts";

const uncalled = new Set<string>();

/** Before all else. Gives the names of the functions that libsodium has here. */
async function load(): Promise<string[]> {
  await sodiumReady();
  const library = sodium() as unknown as Record<string, unknown>;
  for (const [name, primitive] of Object.entries(library)) {
    if (typeof primitive !== "function" || !name.startsWith("crypto_")) continue;
    uncalled.add(name);
    library[name] = (...args: unknown[]) => {
      uncalled.delete(name);
      return primitive(...args) as unknown;
    };
  }
  return [...uncalled];
}

const actions = {
  load,
  make,
  results: (made: Made) => primitiveResults(made),
  uncalled: () => [...uncalled].sort(),
};
export type PrimitivesActions = typeof actions;
Object.assign(globalThis, { inPage: answering(actions) });
