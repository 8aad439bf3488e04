import { expect } from "chai";
import { memoryStore } from "../../src/client/index.ts";
import { generateSigningKeyPair } from "../../src/crypto/signing-key.ts";
import { toBase64 } from "../../src/protocol/base64.ts";
import { eventually } from "../support/eventually.ts";
import { MaliciousNode, dataOf, ok } from "../support/malicious-node.ts";
import { People } from "../support/people.ts";
import { refusal } from "../support/refusal.ts";

describe("verifying a contact", () => {
  let node: MaliciousNode;
  let people: People;
  beforeEach(async () => {
    node = await MaliciousNode.start();
    people = new People(() => node.url);
  });
  afterEach(async () => {
    node.behave();
    await people.close();
    await node.close();
  });

  /** From now on the node claims another account key for a user. */
  const claimAnotherKey = (of: string): (() => void) => {
    const { publicKey } = generateSigningKeyPair();
    return node.answer("devices:read", async ({ forward }) => {
      const { users } = dataOf(await forward());
      const lie = users.map((one) => (one.user === of ? { ...one, accountKey: toBase64(publicKey) } : one));
      return ok<"devices:read">({ users: lie });
    });
  };

  it("is by a number and a code that are the same on both sides; what was confirmed stays so", async () => {
    const store = memoryStore();
    const ann = await people.online("ann", { store });
    const ben = await people.online("ben");
    await (await ann.direct("ben")).send("hello").reached("delivered", { timeout: 60_000 });
    const [one, other] = [await ann.verification("ben"), await ben.verification("ann")];
    expect(one.safetyNumber)
      .to.equal(other.safetyNumber)
      .and.match(/^(\d{5} ){11}\d{5}$/);
    expect(one.matches(other.qr)).to.equal(true);
    expect(one.matches(other.qr.toReversed())).to.equal(false);
    expect(one).to.include({ confirmed: false, changed: false });
    await one.confirm();
    expect(one).to.include({ confirmed: true, changed: false });
    expect((await ben.verification("ann")).confirmed).to.equal(false);
    await ann.close();
    const again = await people.online("ann", { store });
    expect((await again.verification("ben")).confirmed).to.equal(true);
  });

  it("holds back what is sent to a verified contact once the node claims another key, until the person has compared", async () => {
    const store = memoryStore();
    const ann = await people.online("ann", { store });
    const ben = await people.online("ben");
    const chat = await ann.direct("ben");
    await chat.send("before").reached("delivered", { timeout: 60_000 });
    await (await ann.verification("ben")).confirm();
    const team = await ann.createGroup({ members: ["ben"] });
    await team.send("to the team").reached("delivered", { timeout: 60_000 });

    const changes: string[] = [];
    ann.on("identity-changed", ({ user }) => changes.push(user));
    const behave = claimAnotherKey("ben");
    node.push("ann", "devices:changed", { user: ben.user, version: 2 });
    await eventually(() => expect(changes).to.include("ben"));
    const verification = await ann.verification("ben");
    expect(verification).to.include({ confirmed: true, changed: true });
    const held = [chat.send("held back"), team.send("held back, too")];
    await eventually(() =>
      expect([chat.waitingFor, team.waitingFor]).to.deep.equal(["identity-changed", "identity-changed"]),
    );
    behave();
    await ann.sync();
    expect(held.map(({ state }) => state)).to.deep.equal(["queued", "queued"]);
    expect(verification.changed).to.equal(true);

    await verification.confirm();
    await Promise.all(held.map((message) => message.reached("delivered", { timeout: 60_000 })));
    expect([chat.waitingFor, team.waitingFor]).to.deep.equal([null, null]);
    expect(verification).to.include({ confirmed: true, changed: false });
  });

  it("is not asked for of a contact that nobody has verified: messages go to the key that is known, and the change shows", async () => {
    const store = memoryStore();
    const ann = await people.online("ann", { store });
    const ben = await people.online("ben");
    const chat = await ann.direct("ben");
    await chat.send("before").reached("delivered", { timeout: 60_000 });
    const known = (await ann.verification("ben")).safetyNumber;
    claimAnotherKey("ben");
    node.push("ann", "devices:changed", { user: ben.user, version: 2 });
    await eventually(async () => expect((await ann.verification("ben")).changed).to.equal(true));
    await chat.send("after").reached("delivered", { timeout: 60_000 });
    expect((await ann.verification("ben")).safetyNumber).to.equal(known);
    await ann.close();
    const again = await people.online("ann", { store });
    expect(await again.verification("ben")).to.include({ confirmed: false, changed: true });
  });

  it("needs somebody to compare with", async () => {
    const ann = await people.online("ann");
    await refusal(ann.verification("not a user!"), "invalid-argument");
  });
});
