import { expect } from "chai";
import { DeviceDirectory } from "../../src/client/device/device-directory.ts";
import { laterPin } from "../../src/client/device/later-pin.ts";
import { memoryStore } from "../../src/client/index.ts";
import type { OpenClientStore } from "../../src/client/stores/client-store.ts";
import type { ContactPin } from "../../src/crypto/contact-pins.ts";
import { verifyDeviceList } from "../../src/identity/device-list.ts";
import { userId } from "../../src/protocol/ids.ts";
import { AccountWithDevices } from "../support/account-with-devices.ts";
import { refusal } from "../support/refusal.ts";

const filled = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const ben = userId.parse("ben");

describe("two words on a contact", () => {
  const at = (version: number, change: Partial<ContactPin> = {}): ContactPin => ({
    user: ben,
    accountKey: filled(1),
    version,
    head: filled(100 + version),
    confirmed: false,
    changed: false,
    ...change,
  });

  it("come to where the list had got to, whichever was heard first", () => {
    expect(laterPin(undefined, at(2))).to.deep.equal(at(2));
    expect(laterPin(at(2), at(3))).to.deep.equal(at(3));
    expect(laterPin(at(3), at(2))).to.deep.equal(at(3));
  });

  it("take back neither a comparison nor a claim, whichever was heard first", () => {
    const [compared, claimed] = [at(2, { confirmed: true }), at(3, { changed: true })];
    for (const both of [laterPin(compared, claimed), laterPin(claimed, compared)]) {
      expect(both).to.deep.equal(at(3, { confirmed: true, changed: true }));
    }
  });

  it("name two keys: the one that is held stays, and the other is a claim, compared or not", () => {
    for (const confirmed of [true, false]) {
      const held = at(2, { confirmed });
      const other = at(9, { accountKey: filled(2), confirmed: !confirmed });
      expect(laterPin(held, other)).to.deep.equal({ ...held, changed: true });
    }
  });
});

describe("what a vault, or another device, knew of a contact", () => {
  let store: OpenClientStore;
  let directory: DeviceDirectory;
  let account: AccountWithDevices;
  beforeEach(async () => {
    store = await memoryStore().open();
    account = await AccountWithDevices.of("ben");
    for (let count = 0; count < 4; count += 1) account.addDevice();
    directory = newDirectory();
  });

  /** Nothing is asked of a node here: what it would answer is given. */
  const newDirectory = (): DeviceDirectory => new DeviceDirectory(store, undefined as never);
  const accountKey = (): Uint8Array => account.accountKeys.publicKey;
  const pinAt = (version: number, change: Partial<ContactPin> = {}): ContactPin => {
    const { head } = verifyDeviceList(account.entries.slice(0, version), accountKey());
    return { user: ben, accountKey: accountKey(), version, head, confirmed: false, changed: false, ...change };
  };
  /** What a node shows of his list: the entries after `after`, up to `until`. */
  const shown = (after: number, until: number) =>
    directory.adopt(ben, accountKey(), account.entries.slice(after, until), after);

  it("is not rolled back by an older vault, before anything was read of the contact", async () => {
    await directory.merge([pinAt(3, { confirmed: true })]);
    await directory.merge([pinAt(2)]);
    expect(directory.pins()).to.deep.equal([pinAt(3, { confirmed: true })]);
    await refusal(shown(0, 2), "untrusted-list");
    expect((await shown(0, 3)).version).to.equal(3);
    expect(directory.trustIn(ben)).to.deep.equal({ confirmed: true, changed: false });
  });

  it("is not rolled back by an older vault, after the contact's list was read", async () => {
    await shown(0, 3);
    await directory.confirm(ben, accountKey());
    await directory.merge([pinAt(2, { changed: true })]);
    expect(directory.pins()).to.deep.equal([pinAt(3, { confirmed: true })]);
  });

  it("counts where it goes beyond what was read here: less is not taken from a node any more", async () => {
    await shown(0, 2);
    await directory.merge([pinAt(4)]);
    expect(directory.pins()).to.deep.equal([pinAt(4)]);
    await directory.confirm(ben, accountKey());
    for (const again of [directory, newDirectory()]) {
      directory = again;
      if (!again.get(ben)) await again.load();
      await refusal(shown(2, 2), "untrusted-list");
      await refusal(shown(2, 3), "untrusted-list");
      expect(again.get(ben)?.version).to.equal(2);
    }
    expect((await shown(2, 4)).version).to.equal(4);
    expect(await store.list("pins")).to.deep.equal([]);
  });

  it("stands against a fork that the contact's own key has signed", async () => {
    const { list } = account;
    await shown(0, 2);
    await directory.merge([pinAt(4)]);
    account.entries.length = 2;
    account.list = verifyDeviceList(account.entries, accountKey());
    for (let count = 0; count < 3; count += 1) account.addDevice();
    await refusal(shown(2, 5), "untrusted-list");
    account.startOver();
    await refusal(shown(2, 6), "identity-changed");
    expect(directory.pins()[0]).to.deep.include({ version: 4, head: list!.head });
  });

  it("does not stand against the list that is read here where it is of another key: the other device was shown a false one", async () => {
    await shown(0, 2);
    await directory.merge([pinAt(4, { accountKey: filled(9), confirmed: true })]);
    expect((await shown(2, 3)).version).to.equal(3);
    expect(directory.pins()).to.deep.equal([pinAt(3)]);
  });
});
