import { expect } from "chai";
import { mlsGroupEngine as engine } from "../../../src/crypto/mls-group-engine.ts";
import { toMlsGroup } from "../../../src/crypto/mls/mls-group.ts";
import { requireNextEpoch } from "../../../src/crypto/mls/next-context.ts";
import { RuleBroken } from "../../../src/crypto/mls/roster-rules.ts";
import { extensionsOfPolicy } from "../../../src/identity/group-policy.ts";
import { RoleGroup, policyOf } from "../../support/role-group.ts";

/** Epochs that a faulty library could make of a sound commit. */
describe("comparing the group context before and after a commit", () => {
  type State = ReturnType<typeof toMlsGroup>["state"];
  let before: State;
  let after: State;
  const policy = policyOf({ alice: "owner" });
  beforeEach(async () => {
    const { group } = (await RoleGroup.of(3, { alice: 1, bob: 1 })).seats[0]!;
    before = toMlsGroup(group).state;
    after = toMlsGroup((await engine.prepareCommit(group, {})).next).state;
  });
  const withContext = (change: Partial<State["groupContext"]>): State => ({
    ...after,
    groupContext: { ...after.groupContext, ...change },
  });
  const finds = (state: State, rule: string, expected = policy) =>
    expect(() => requireNextEpoch(before, state, expected)).to.throw(RuleBroken, rule);

  it("finds nothing where the commit says everything", () => {
    requireNextEpoch(before, after, policy);
  });

  it("finds another policy than the commit says, and one that it took away", () => {
    const other = policyOf({ bob: "owner" });
    finds(withContext({ extensions: extensionsOfPolicy(other) }), "a policy changes by the commit that says so");
    finds(withContext({ extensions: [] }), "a policy changes by the commit that says so");
    finds(after, "a policy changes by the commit that says so", other);
  });

  it("finds another epoch, suite or group, and another key of our own", () => {
    finds(withContext({ epoch: after.groupContext.epoch + 1n }), "one epoch");
    finds(withContext({ groupId: new Uint8Array(20) }), "leaves the group context");
    const cipherSuite = "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519";
    finds(withContext({ cipherSuite }), "leaves the group context");
    finds({ ...after, signaturePrivateKey: new Uint8Array(64) }, "our own key");
  });
});
