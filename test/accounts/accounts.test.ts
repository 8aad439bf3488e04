import { expect } from "chai";
import { createAccounts } from "../../src/accounts/accounts.ts";
import type { RateLimiter } from "../../src/actors/ports/rate-limiter.ts";
import { userId, type UserId } from "../../src/protocol/ids.ts";
import { refusal } from "../support/refusal.ts";

const alice = userId.parse("alice");
const address = "192.0.2.1";
const password = "correct horse battery";

function setUp(limiter: RateLimiter = { take: () => 0 }, listVersions: Record<string, number> = {}) {
  const stored = new Map<UserId, string>();
  const verified: string[] = [];
  const accounts = createAccounts({
    limiter,
    store: {
      createAccount: async ({ user, passwordHash }) => {
        if (stored.has(user)) return "exists";
        stored.set(user, passwordHash);
        return "created";
      },
      readDeviceLists: async (users) =>
        users.map(({ user }) => {
          return { user, accountKey: null, version: listVersions[user] ?? 0, head: null, entries: [] };
        }),
      findAccount: async (user) =>
        stored.has(user) ? { user, passwordHash: stored.get(user)!, createdAt: 0 } : undefined,
    },
    passwords: {
      hash: async (text) => `hash of ${text}`,
      verify: async (hash, text) => {
        verified.push(hash);
        return hash === `hash of ${text}`;
      },
    },
    issueToken: async (user) => ({ token: `for ${user}`, user, expiresAt: 1 }),
  });
  return { accounts, stored, verified };
}

describe("signing up", () => {
  it("makes an account and answers with a token", async () => {
    const { accounts, stored } = setUp();
    const session = await accounts.signUp({ user: alice, password, address });
    expect(session).to.deep.equal({ token: "for alice", user: alice, expiresAt: 1 });
    expect(stored.get(alice)).to.equal(`hash of ${password}`);
  });

  it("takes no name that somebody has", async () => {
    const { accounts, stored } = setUp();
    await accounts.signUp({ user: alice, password, address });
    await refusal(accounts.signUp({ user: alice, password: "another password", address }), "account-exists");
    expect(stored.get(alice)).to.equal(`hash of ${password}`);
  });

  it("takes no name that has devices, whoever's token they came with", async () => {
    const { accounts, stored } = setUp(undefined, { alice: 2 });
    await refusal(accounts.signUp({ user: alice, password, address }), "account-exists");
    expect(stored.size).to.equal(0);
  });

  it("is limited by address, before anything is hashed", async () => {
    const taken: string[] = [];
    const { accounts, stored } = setUp({ take: (bucket, subject) => (taken.push(`${bucket} ${subject}`), 1234.5) });
    const refused = await refusal(accounts.signUp({ user: alice, password, address }), "rate-limited");
    expect(refused.retryAfterMs).to.equal(1235);
    expect(taken).to.deep.equal([`sign-up ${address}`]);
    expect(stored.size).to.equal(0);
  });
});

describe("logging in", () => {
  it("answers with a token for the right password only", async () => {
    const { accounts } = setUp();
    await accounts.signUp({ user: alice, password, address });
    expect((await accounts.logIn({ user: alice, password, address })).token).to.equal("for alice");
    await refusal(accounts.logIn({ user: alice, password: `${password}!`, address }), "credentials-invalid");
  });

  it("knows a password however its letters were composed", async () => {
    const { accounts } = setUp();
    await accounts.signUp({ user: alice, password: "pass\u00e9 compos\u00e9", address });
    await accounts.logIn({ user: alice, password: "passe\u0301 compose\u0301", address });
  });

  it("does as much for a name that nobody has, and says the same", async () => {
    const { accounts, verified } = setUp();
    const unknown = await refusal(accounts.logIn({ user: alice, password, address }), "credentials-invalid");
    expect(verified).to.have.length(1);
    await accounts.signUp({ user: alice, password, address });
    const wrong = await refusal(
      accounts.logIn({ user: alice, password: "not this one", address }),
      "credentials-invalid",
    );
    expect(verified).to.have.length(2);
    expect(wrong.toWire()).to.deep.equal(unknown.toWire());
  });

  it("never lets in with the decoy's password", async () => {
    const { accounts } = setUp();
    await refusal(
      accounts.logIn({ user: alice, password: "a password that nobody has", address }),
      "credentials-invalid",
    );
  });

  it("is limited by address and by name", async () => {
    for (const limited of [`address ${address}`, "name alice"]) {
      const { accounts, verified } = setUp({ take: (_bucket, subject) => (subject === limited ? 1000 : 0) });
      await refusal(accounts.logIn({ user: alice, password, address }), "rate-limited");
      expect(verified).to.deep.equal([]);
    }
  });
});
