import { expect } from "chai";
import { memoryStore, type Client } from "../../src/client/index.ts";
import { decodeTypedCode } from "../../src/crypto/typed-code.ts";
import { recoveryKeysOf } from "../../src/crypto/recovery-key.ts";
import { sodium, sodiumReady } from "../../src/identity/sodium.ts";
import type { DeviceRecord } from "../../src/client/records.ts";
import { eventually } from "../support/eventually.ts";
import { coreOf } from "../support/held-state.ts";
import { MaliciousNode, refused } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";
import { refusal } from "../support/refusal.ts";

/** All bytes that went into libsodium or came out of it meanwhile, as the very arrays. */
async function passedThroughSodium(work: () => Promise<unknown>): Promise<Set<Uint8Array>> {
  const library = sodium() as unknown as Record<string, unknown>;
  const passed = new Set<Uint8Array>();
  const note = (value: unknown): void => {
    if (value instanceof Uint8Array) passed.add(value);
    else if (typeof value === "object" && value !== null) for (const inner of Object.values(value)) note(inner);
  };
  const originals = Object.entries(library).filter(
    ([name, one]) => typeof one === "function" && /^(crypto_|pad|unpad)/.test(name),
  );
  for (const [name, original] of originals) {
    library[name] = (...given: unknown[]) => {
      const result: unknown = (original as (...all: unknown[]) => unknown)(...given);
      for (const value of [...given, result]) note(value);
      return result;
    };
  }
  try {
    await work();
  } finally {
    for (const [name, original] of originals) library[name] = original;
  }
  return passed;
}

describe("a device that is restored", function () {
  this.timeout(60_000);
  let node: MaliciousNode;
  let people: People;
  let ann: Client;
  let words: string;
  before(sodiumReady);
  beforeEach(async () => {
    node = await MaliciousNode.start();
    people = new People(() => node.url);
    ann = await people.online("ann");
    words = await ann.recovery.enable();
  });
  afterEach(async () => {
    node.behave();
    await people.close();
    await node.close();
  });

  const recordOf = (client: Client): DeviceRecord => Reflect.get(coreOf(client).own, "record") as DeviceRecord;
  const secrets = (): Record<string, Uint8Array> => {
    const { vaultKey, keyPair } = recoveryKeysOf(ann.user, words);
    return {
      words: decodeTypedCode(words, 40)!.subarray(0, 32),
      "vault key": vaultKey,
      "recovery secret key": keyPair.secretKey,
      "account secret key": recordOf(ann).accountSecretKey!.subarray(0, 32),
      "archive key": recordOf(ann).archiveKeys![0]!.key,
    };
  };
  /** Which secrets stand in arrays other than those that the device goes on with. */
  const leftIn = (passed: Set<Uint8Array>, kept: (Uint8Array | null | undefined)[]): string[] => {
    const others = [...passed].filter((bytes) => !kept.includes(bytes)).map((bytes) => Buffer.from(bytes));
    const entries = Object.entries(secrets());
    return entries
      .filter(([, secret]) => others.some((bytes) => bytes.includes(Buffer.from(secret))))
      .map(([name]) => name);
  };

  it("keeps its own copy of what it needs, and leaves no other of words, keys and vault behind", async () => {
    const phone = await people.open("ann", { store: memoryStore() });
    const passed = await passedThroughSodium(() => phone.recovery.restore(words));
    const { accountSecretKey, recovery, archiveKeys } = recordOf(phone);
    expect(leftIn(passed, [accountSecretKey, recovery?.vaultKey, ...archiveKeys!.map(({ key }) => key)])).to.deep.equal(
      [],
    );
    expect(Buffer.from(recovery!.vaultKey!).equals(recoveryKeysOf(ann.user, words).vaultKey)).to.equal(true);
    // It can do what needs them.
    await people.online("ben");
    await phone.direct("ben");
    await (await phone.verification("ben")).confirm();
    await phone.sync();
    await eventually(async () => {
      const kept = await node.inner.store.readRecoveryKey(phone.user);
      expect(kept?.revision).to.be.greaterThan(1);
    });
    const third = await people.open("ann");
    expect(await third.recovery.restore(words)).to.include({ contacts: 1, archiveKeys: 1 });
  });

  it("leaves none behind where it is not restored after all", async () => {
    const phone = await people.open("ann");
    node.answer("session:restore", () => refused("too-many-devices"));
    const passed = await passedThroughSodium(() => refusal(phone.recovery.restore(words), "too-many-devices"));
    expect(leftIn(passed, [])).to.deep.equal([]);
    node.behave();
    const damaged = await people.open("ann");
    node.answer("session:restore", async ({ forward }) => forward());
    node.answer("devices:read", () => refused("forbidden"));
    const after = await passedThroughSodium(() => refusal(damaged.recovery.restore(words), "forbidden"));
    expect(leftIn(after, [])).to.deep.equal([]);
  });
});
