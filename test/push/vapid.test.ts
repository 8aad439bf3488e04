import { expect } from "chai";
import { decodeJwt } from "jose";
import { newVapidPair, Vapid } from "../../src/push/vapid.ts";

const hourMs = 3_600_000;

describe("what this service proves itself with to a push service", () => {
  let time: number;
  let vapid: Vapid;
  beforeEach(async () => {
    time = Date.now();
    vapid = new Vapid({ ...(await newVapidPair()), subject: "mailto:ops@example.org", now: () => time });
  });
  const claims = async (endpoint: string) =>
    decodeJwt(/t=([^,]+)/.exec(await vapid.authorization(endpoint))![1]!) as { aud: string; exp: number };

  it("is for one origin, with its port, and holds for less than a day", async () => {
    const { aud, exp } = await claims("https://push.example:8443/one?two");
    expect(aud).to.equal("https://push.example:8443");
    expect(exp * 1000 - time).to.be.within(hourMs, 24 * hourMs);
    expect((await claims("https://other.example/one")).aud).to.equal("https://other.example");
  });

  it("is signed once for an origin, and anew before it ends", async () => {
    const first = await vapid.authorization("https://push.example/one");
    time += 10 * hourMs;
    expect(await vapid.authorization("https://push.example/two")).to.equal(first);
    time += 1.5 * hourMs;
    const next = await claims("https://push.example/one");
    expect(next.exp * 1000).to.be.greaterThan(time + hourMs);
  });

  it("keeps no more of them than a client can make it", async () => {
    const first = await vapid.authorization("https://push.example/");
    for (let host = 0; host < 200; host += 1) await vapid.authorization(`https://h${host}.push.example/`);
    expect(await vapid.authorization("https://push.example/"), "made anew").not.to.equal(first);
  });
});

describe("a new pair", () => {
  it("is a point and a number of full length, and another one each time", async () => {
    const [one, other] = [await newVapidPair(), await newVapidPair()];
    expect(Buffer.from(one.publicKey, "base64url")).to.have.length(65);
    expect(Buffer.from(one.privateKey, "base64url")).to.have.length(32);
    expect(one.privateKey).not.to.equal(other.privateKey);
  });
});
