import { expect } from "chai";
import { encodeRatchetTree, type RatchetTree } from "ts-mls/ratchetTree.js";
import type { Group } from "../../../src/crypto/group-engine.ts";
import { mlsGroupEngine as engine } from "../../../src/crypto/mls-group-engine.ts";
import { toMlsGroup } from "../../../src/crypto/mls/mls-group.ts";
import { newId, type ConversationId } from "../../../src/protocol/ids.ts";
import { devicesPerGroup, limits } from "../../../src/protocol/limits.ts";
import { AccountWithDevices } from "../../support/account-with-devices.ts";
import { refusal } from "../../support/refusal.ts";
import { policyOf } from "../../support/role-group.ts";

const wholeAccount = 900;
/** What a Welcome has more of where 50 users hold roles, and its commit has a path: at most so many bytes. */
const rolesAndPathSecrets = 50 * 140 + 50 * 70;
const longestName = (index: number): string => `${index}`.padEnd(128, "n");

/** The founder's side of a group that grows: nobody else is needed to see what is refused, and how large things are. */
class Growing {
  group: Group;
  private readonly accounts: AccountWithDevices[];

  private constructor(group: Group, accounts: AccountWithDevices[]) {
    this.group = group;
    this.accounts = accounts;
  }

  /** Its users have names as long as can be. */
  static async of(suite: number): Promise<Growing> {
    const alice = await AccountWithDevices.of(longestName(0));
    const place = { conversation: newId<ConversationId>(), generation: 1, suite };
    const policy = policyOf({ [alice.user]: "owner" });
    return new Growing(await engine.createGroup(alice.addDevice(), place, policy), [alice]);
  }

  async packages(count: number): Promise<Uint8Array[]> {
    const made: Uint8Array[] = [];
    while (made.length < count) {
      const identity = (await this.account()).addDevice();
      made.push((await engine.createKeyPackage(identity, this.group.suite)).publicBytes);
    }
    return made;
  }

  /** Adds in full rounds; the bytes of the largest commit, and the most that a Welcome has beside the tree. */
  async growTo(devices: number): Promise<{ commit: number; besideTree: number }> {
    const largest = { commit: 0, besideTree: 0 };
    while (this.group.members.length < devices) {
      const count = Math.min(limits.addsPerCommit, devices - this.group.members.length);
      const prepared = await engine.prepareCommit(this.group, { add: await this.packages(count) });
      this.group = prepared.next;
      largest.commit = Math.max(largest.commit, prepared.commit.length);
      const tree = encodeRatchetTree(toMlsGroup(prepared.next).state.ratchetTree);
      largest.besideTree = Math.max(largest.besideTree, prepared.welcome!.length - tree.length);
    }
    return largest;
  }

  private async account(): Promise<AccountWithDevices> {
    const last = this.accounts.at(-1)!;
    if (last.entries.length < wholeAccount) return last;
    const next = await AccountWithDevices.of(longestName(this.accounts.length));
    this.accounts.push(next);
    return next;
  }
}

/** Bytes of this tree when every device has updated: no parent is blank. `updated`: the same group after one update. */
function fullTreeBytes(tree: RatchetTree, updated: RatchetTree): number {
  const parent = updated.find((node) => node?.nodeType === "parent");
  if (parent?.nodeType !== "parent") throw new Error("an update sets parents");
  const set = { ...parent, parent: { ...parent.parent, unmergedLeaves: [] } };
  return encodeRatchetTree(tree.map((node, index) => (index % 2 === 0 ? node : set))).length;
}

describe("a group that grows", function () {
  this.timeout(120_000);

  for (const suite of [84, 3] as const) {
    const most = devicesPerGroup[suite]!;

    it(`is full at ${most} devices in suite ${suite}, and goes on as it is; all that is sent for it fits`, async () => {
      const growing = await Growing.of(suite);
      const largest = await growing.growTo(most);
      expect(growing.group.members).to.have.length(most);
      const [one] = await growing.packages(1);
      await refusal(engine.prepareCommit(growing.group, { add: [one!] }), "group-full");

      const tree = toMlsGroup(growing.group).state.ratchetTree;
      const update = await engine.prepareCommit(growing.group, {});
      const whole = fullTreeBytes(tree, toMlsGroup(update.next).state.ratchetTree);
      expect(whole + largest.besideTree + rolesAndPathSecrets, "a Welcome").to.be.below(limits.welcomeBytes);
      // Of the founder's own user: others are removed with all devices.
      const remove = Array.from({ length: limits.addsPerCommit }, (_, index) => index + 1);
      const add = await growing.packages(limits.addsPerCommit);
      const swap = await engine.prepareCommit(growing.group, { remove, add });
      expect(swap.commit.length, "a commit").to.be.above(largest.commit).and.below(limits.handshakeBytes);
      expect(swap.next.members).to.have.length(most);
    });
  }

  it("has a frame that holds the largest commit beside the largest Welcome", () => {
    const base64 = (bytes: number) => Math.ceil(bytes / 3) * 4;
    expect(base64(limits.handshakeBytes) + base64(limits.welcomeBytes) + 1000).to.be.below(limits.frameBytes);
  });
});
