import { expect } from "chai";
import fc from "fast-check";
import {
  decodeGroupPolicy,
  encodeGroupPolicy,
  extensionsOfPolicy,
  isSamePolicy,
  policyOfExtensions,
  roleOf,
} from "../../src/identity/group-policy.ts";
import type { GroupPolicy } from "../../src/identity/group-policy.ts";
import { MalformedBytes } from "../../src/protocol/byte-reader.ts";
import { ByteWriter } from "../../src/protocol/byte-writer.ts";
import { userId } from "../../src/protocol/ids.ts";
import { limits } from "../../src/protocol/limits.ts";
import { policyOf } from "../support/role-group.ts";

const alice = userId.parse("alice");
const times = { retentionDays: 30, disappearingSeconds: 3600 };
const full = policyOf({ bob: "admin", alice: "owner" }, { history: "off", ...times });

/** The bytes of a policy, right or wrong. */
function bytesOf(parts: {
  version?: number;
  history?: number;
  days?: number;
  seconds?: number;
  roles?: [string, number][];
}) {
  const { version = 1, history = 1, days = 0, seconds = 0, roles = [["alice", 1]] } = parts;
  const writer = new ByteWriter().u8(version).u8(history).u32(days).u32(seconds).u16(roles.length);
  for (const [user, role] of roles) writer.text(user).u8(role);
  return writer.finish();
}

describe("a group's policy", () => {
  it("comes back as it went in", () => {
    expect(decodeGroupPolicy(encodeGroupPolicy(full))).to.deep.equal(full);
    const plain = policyOf({ alice: "owner" });
    expect(decodeGroupPolicy(encodeGroupPolicy(plain))).to.deep.equal(plain);
    expect(encodeGroupPolicy(full)).to.deep.equal(
      bytesOf({ history: 2, days: 30, seconds: 3600, roles: [["alice", 1], ["bob", 2]] }), // prettier-ignore
    );
  });

  it("has one form, in whatever order its roles are given", () => {
    const turned = { ...full, roles: full.roles.toReversed() };
    expect(encodeGroupPolicy(turned)).to.deep.equal(encodeGroupPolicy(full));
  });

  it("encodes to the very bytes that it was decoded from", () => {
    const valid = encodeGroupPolicy(full);
    const damage = fc.tuple(fc.nat(valid.length - 1), fc.nat(255));
    const check = (bytes: Uint8Array) => {
      let policy: GroupPolicy;
      try {
        policy = decodeGroupPolicy(bytes);
      } catch (error) {
        expect(error).to.be.instanceOf(MalformedBytes);
        return;
      }
      expect(encodeGroupPolicy(policy)).to.deep.equal(bytes);
    };
    fc.assert(fc.property(damage, ([at, value]) => check(valid.with(at, value))));
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), check));
  });

  const many = Array.from({ length: limits.rolesPerGroup + 1 }, (_, index): [string, number] => [`u${100 + index}`, 1]);
  const refused: [string, Uint8Array][] = [
    ["of another version", bytesOf({ version: 2 })],
    ["without an owner", bytesOf({ roles: [["alice", 2]] })],
    ["without roles", bytesOf({ roles: [] })],
    ["with a user twice", bytesOf({ roles: [["alice", 1], ["alice", 2]] })], // prettier-ignore
    ["with users out of order", bytesOf({ roles: [["bob", 1], ["alice", 2]] })], // prettier-ignore
    ["with an unknown role", bytesOf({ roles: [["alice", 3]] })],
    ["with role zero", bytesOf({ roles: [["alice", 0]] })],
    ["with a user that is none", bytesOf({ roles: [["al ice", 1]] })],
    ["with more roles than are allowed", bytesOf({ roles: many })],
    ["with an unknown word on history", bytesOf({ history: 3 })],
    ["that keeps messages too long", bytesOf({ days: limits.retentionDays + 1 })],
    ["whose messages last too long", bytesOf({ seconds: limits.disappearingSeconds + 1 })],
    ["with bytes left over", new Uint8Array([...bytesOf({}), 0])],
    ["with bytes missing", bytesOf({}).slice(0, -1)],
    ["of no bytes", new Uint8Array()],
  ];
  for (const [name, bytes] of refused) {
    it(`is not one ${name}`, () => {
      expect(() => decodeGroupPolicy(bytes)).to.throw(MalformedBytes);
    });
  }

  it("is not encoded where it could not be read", () => {
    const [owner] = policyOf({ alice: "owner" }).roles;
    for (const wrong of [
      { ...full, roles: [] },
      { ...full, roles: [owner!, owner!] },
      { ...full, retentionDays: 0 },
      { ...full, disappearingSeconds: 0 },
      { ...full, retentionDays: 1.5 },
      { ...full, retentionDays: limits.retentionDays + 1 },
    ]) {
      expect(() => encodeGroupPolicy(wrong)).to.throw(RangeError);
    }
  });

  it("says who has which role; everybody else is a member", () => {
    expect(roleOf(full, alice)).to.equal("owner");
    expect(roleOf(full, userId.parse("bob"))).to.equal("admin");
    expect(roleOf(full, userId.parse("carol"))).to.equal("member");
  });

  it("is the one extension of a group; a direct has none", () => {
    const [extension] = extensionsOfPolicy(full);
    expect(policyOfExtensions([extension!])).to.deep.equal(full);
    expect(policyOfExtensions([])).to.equal(undefined);
    const other = { extensionType: 0xf002, extensionData: extension!.extensionData };
    const external = { extensionType: "external_senders" as const, extensionData: new Uint8Array() };
    for (const wrong of [[other], [extension!, extension!], [extension!, external], [external]]) {
      expect(() => policyOfExtensions(wrong)).to.throw(MalformedBytes);
    }
  });

  it("is compared with none, and with others", () => {
    expect(isSamePolicy(undefined, undefined)).to.equal(true);
    expect(isSamePolicy(full, undefined)).to.equal(false);
    expect(isSamePolicy(undefined, full)).to.equal(false);
    expect(isSamePolicy(full, { ...full })).to.equal(true);
    expect(isSamePolicy(full, { ...full, history: "kept" })).to.equal(false);
  });
});
