/** What every client store promises, run by Mocha inside of a browser. `mocha.js` was loaded before. */
import { deleteIndexedDbStore, indexedDbStore } from "../../../../src/client/index.ts";
import { describeClientStore } from "../../../contracts/client-store.contract.ts";
import { answering } from "../calls.ts";

const kdf = { opslimit: 1, memlimitBytes: 8192 };
let names = 0;

mocha.setup({ ui: "bdd", reporter: Mocha.reporters.Base, timeout: 20_000 } satisfies Mocha.MochaOptions);
describeClientStore("in IndexedDB", async () => {
  const name = `contract-${names++}`;
  return {
    store: () => indexedDbStore(name, { passphrase: "correct horse", kdf }),
    dispose: () => deleteIndexedDbStore(name),
  };
});

/** Titles of what passed, and titles with reasons of what did not. */
function runContract(): Promise<{ passed: string[]; failed: string[] }> {
  const passed: string[] = [];
  const failed: string[] = [];
  return new Promise((resolve) => {
    const runner = mocha.run(() => resolve({ passed, failed }));
    runner.on("pass", (test) => passed.push(test.fullTitle()));
    runner.on("fail", (test, error: Error) => failed.push(`${test.fullTitle()}: ${error.stack ?? error.message}`));
  });
}

const actions = { runContract };
export type ContractActions = typeof actions;
Object.assign(globalThis, { inPage: answering(actions) });
