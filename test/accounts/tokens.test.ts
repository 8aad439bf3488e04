import { expect } from "chai";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type CryptoKey } from "jose";
import { jwksVerifier, secretVerifier, signToken } from "../../src/accounts/tokens.ts";
import type { TokenVerifier } from "../../src/actors/ports/sign-in.ts";
import { userId } from "../../src/protocol/ids.ts";
import type { ErrorCode } from "../../src/protocol/errors.ts";
import { refusal } from "../support/refusal.ts";

const rules = { issuer: "https://host.example", audience: "chat" };
const secret = "a secret of at least 32 characters";
const key = new TextEncoder().encode(secret);
const alice = userId.parse("alice");
const now = () => Math.floor(Date.now() / 1000);

const unsigned = (header: { alg: string; kid?: string } = { alg: "HS256" }) =>
  new SignJWT({})
    .setProtectedHeader(header)
    .setSubject("alice")
    .setIssuer(rules.issuer)
    .setAudience(rules.audience)
    .setExpirationTime("1h");

describe("a token signed with a secret", () => {
  const verifier = secretVerifier(secret, rules);
  const refused = (token: string, code: ErrorCode = "token-invalid") => refusal(verifier.verify(token), code);

  it("says who somebody is, and until when", async () => {
    const session = await signToken(secret, rules, { user: alice, ttlSeconds: 60 });
    const verified = await verifier.verify(session.token);
    expect(verified).to.deep.equal({ user: "alice", expiresAt: session.expiresAt });
    expect(session.expiresAt).to.be.within(Date.now() + 50_000, Date.now() + 61_000);
  });

  it("has expired after its time, give or take the clocks", async () => {
    const expiring = (seconds: number) => signToken(secret, rules, { user: alice, ttlSeconds: seconds });
    await refused((await expiring(-11)).token, "token-expired");
    expect((await verifier.verify((await expiring(-5)).token)).user).to.equal("alice");
  });

  it("is for this service, of this issuer, and signed", async () => {
    expect((await verifier.verify(await unsigned().sign(key))).user).to.equal("alice");
    await refused(await unsigned().setIssuer("other").sign(key));
    await refused(await unsigned().setAudience("other").sign(key));
    await refused(await unsigned().sign(new TextEncoder().encode(`${secret}!`)));
    const good = await unsigned().sign(key);
    await refused(`${good.slice(0, -3)}AAA`);
  });

  it("cannot choose its algorithm", async () => {
    const none = new UnsecuredJWT({}).setSubject("alice").setIssuer(rules.issuer).setAudience(rules.audience);
    await refused(none.setExpirationTime("1h").encode());
    const longer = secret.repeat(2);
    const { verify } = secretVerifier(longer, rules);
    const signedBy = (alg: string) => unsigned({ alg }).sign(new TextEncoder().encode(longer));
    for (const alg of ["HS384", "HS512"]) await refusal(verify(await signedBy(alg)), "token-invalid");
    expect((await verify(await signedBy("HS256"))).user).to.equal("alice");
  });

  it("has an end, a beginning in the past, and a user whose name fits", async () => {
    const endless = new SignJWT({}).setProtectedHeader({ alg: "HS256" }).setSubject("alice");
    await refused(await endless.setIssuer(rules.issuer).setAudience(rules.audience).sign(key));
    await refused(
      await unsigned()
        .setNotBefore(now() + 60)
        .sign(key),
    );
    for (const name of ["", "two words", "é", "x".repeat(129)]) {
      await refused(await unsigned().setSubject(name).sign(key));
    }
  });

  it("is refused in words when it is nothing of the kind", async () => {
    await refused("", "token-missing");
    for (const token of ["x", "a.b.c", "....", "x".repeat(100_000), "\0", "e30.e30."]) {
      (await refused(token), token.slice(0, 10));
    }
  });
});

describe("a token of a host application", () => {
  let server: Server;
  let privateKey: CryptoKey;
  let verifier: TokenVerifier;
  let url: string;
  let isDown = false;

  before(async () => {
    const pair = await generateKeyPair("ES256", { extractable: true });
    privateKey = pair.privateKey;
    const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(pair.publicKey)), kid: "k1", alg: "ES256" }] });
    server = createServer((_request, response) => response.writeHead(isDown ? 500 : 200).end(jwks));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
    verifier = jwksVerifier(url, rules);
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const signed = (kid = "k1") => unsigned({ alg: "ES256", kid }).sign(privateKey);

  it("is checked with the published key", async () => {
    expect((await verifier.verify(await signed())).user).to.equal("alice");
  });

  it("is invalid under a key that is not published, and under a secret", async () => {
    await refusal(verifier.verify(await signed("k2")), "token-invalid");
    const confused = await unsigned({ alg: "HS256", kid: "k1" }).sign(key);
    await refusal(verifier.verify(confused), "token-invalid");
  });

  it("has to wait, not to be thrown away, while the keys cannot be had", async () => {
    isDown = true;
    await refusal(jwksVerifier(url, rules).verify(await signed()), "unavailable");
    const nobody = jwksVerifier("http://127.0.0.1:1/keys", rules);
    const refused = await refusal(nobody.verify(await signed()), "unavailable");
    expect(refused.retryable).to.equal(true);
  });
});
