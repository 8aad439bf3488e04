import { expect } from "chai";
import type { RatchetTree } from "ts-mls/ratchetTree.js";
import { mlsGroupEngine as engine } from "../../../src/crypto/mls-group-engine.ts";
import { toMlsGroup } from "../../../src/crypto/mls/mls-group.ts";
import { changeOf, requireOnlyAnnouncedChanges } from "../../../src/crypto/mls/tree-rules.ts";
import type { CommitChange } from "../../../src/crypto/mls/tree-rules.ts";
import { RuleBroken } from "../../../src/crypto/mls/roster-rules.ts";
import { decodeMlsStrictly } from "../../../src/identity/mls-decoding.ts";
import { DirectGroup } from "../../support/direct-group.ts";

/** Trees that a faulty library could make of a sound commit; what it really makes passes, see the first test. */
describe("comparing the tree before and after a commit", () => {
  let before: RatchetTree;
  let after: RatchetTree;
  let change: CommitChange;
  let stranger: RatchetTree;
  beforeEach(async () => {
    const direct = await DirectGroup.of(3, 3, 2);
    await direct.commit(direct.seats[4]!, {});
    await direct.commit(direct.seats[1]!, {});
    stranger = toMlsGroup((await DirectGroup.of(3, 3, 2)).seats[0]!.group).state.ratchetTree;
    const { group } = direct.seats[0]!;
    const pair = await engine.createKeyPackage(direct.bob.addDevice(), 3);
    const { commit, next } = await engine.prepareCommit(group, { add: [pair.publicBytes], remove: [2] });
    const message = decodeMlsStrictly(commit);
    if (message.wireformat !== "mls_public_message" || message.publicMessage.content.contentType !== "commit") {
      throw new Error("not a commit");
    }
    change = changeOf(0, message.publicMessage.content.commit);
    before = toMlsGroup(group).state.ratchetTree;
    after = toMlsGroup(next).state.ratchetTree;
  });
  const compare = (made: RatchetTree) => () => requireOnlyAnnouncedChanges(before, made, change);
  const withNode = (index: number, node: RatchetTree[number]) => after.map((old, at) => (at === index ? node : old));

  it("finds nothing where the proposals and the path say everything", () => {
    expect(compare(after)).to.not.throw();
  });

  it("finds a leaf that changed, went, came, or stayed though it was removed", () => {
    expect(compare(withNode(6, stranger[6]))).to.throw(RuleBroken, "a leaf is what");
    expect(compare(withNode(8, undefined))).to.throw(RuleBroken, "a leaf is what");
    expect(compare(withNode(12, stranger[2]))).to.throw(RuleBroken, "a leaf is what");
    expect(compare(withNode(4, before[4]))).to.throw(RuleBroken, "a leaf is what");
    expect(compare(withNode(0, before[0]))).to.throw(RuleBroken, "a leaf is what");
  });

  it("finds a parent that kept the removed one's keys, and one that the path did not bring", () => {
    const foreign =
      stranger.find((node) => node?.nodeType === "parent") ?? before.find((node) => node?.nodeType === "parent");
    expect(compare(withNode(5, foreign))).to.throw(RuleBroken, "who is removed leaves no key behind");
    expect(compare(withNode(1, foreign))).to.throw(RuleBroken, "the committer's path");
    expect(compare(withNode(9, foreign))).to.throw(RuleBroken, "nobody touched");
  });
});
