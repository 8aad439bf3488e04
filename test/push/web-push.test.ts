import { expect } from "chai";
import { silentTelemetry } from "../../src/actors/ports/silent-telemetry.ts";
import type { PushSubscriptionRow } from "../../src/actors/ports/store-wakes.ts";
import { newId, userId, type DeviceId } from "../../src/protocol/ids.ts";
import { newVapidPair, Vapid, type VapidPair } from "../../src/push/vapid.ts";
import { WebPush } from "../../src/push/web-push.ts";
import { eventually } from "../support/eventually.ts";
import { WebPushReceiver, vapidOf } from "../support/web-push-receiver.ts";

const user = userId.parse("bob");
const subject = "mailto:ops@example.org";

describe("a Web Push", () => {
  let pair: VapidPair;
  let service: WebPushReceiver;
  let rows: PushSubscriptionRow[];
  let push: WebPush;
  before(async () => {
    pair = await newVapidPair();
  });
  beforeEach(async () => {
    service = await WebPushReceiver.start();
    rows = [];
    push = pushTo([service.origin]);
  });
  afterEach(() => service.close());

  function pushTo(endpointHosts: string[], more: { answerWithinMs?: number } = {}): WebPush {
    const subscriptions = {
      readPushSubscriptions: () => Promise.resolve([...rows]),
      deletePushSubscription: (device: DeviceId, endpoint?: string) => {
        rows = rows.filter((row) => row.device !== device || row.endpoint !== endpoint);
        return Promise.resolve();
      },
    };
    const vapid = new Vapid({ ...pair, subject });
    const telemetry = silentTelemetry;
    return new WebPush({ subscriptions, vapid, endpointHosts, ttlSeconds: 3600, telemetry, ...more });
  }
  const subscribe = (path: string, origin = service.origin) =>
    void rows.push({ user, device: newId<DeviceId>(), endpoint: origin + path });
  const send = () => push.send({ id: "one", user, attempt: 0, at: Date.now() });

  it("goes to every browser of the user, empty, and signed for its push service", async () => {
    subscribe("/phone");
    subscribe("/laptop");
    expect(await send()).to.equal("sent");
    expect(service.pathsCalled().toSorted()).to.deep.equal(["/laptop", "/phone"]);
    for (const received of service.pushes) {
      expect(received.method).to.equal("POST");
      expect(received.body).to.equal("");
      expect(received.headers).to.include({ ttl: "3600", urgency: "high", topic: "messages", "content-length": "0" });
      expect(received.headers).not.to.have.any.keys("content-encoding", "content-type", "cookie");
      const { header, claims, publicKey } = await vapidOf(received);
      expect(header).to.deep.equal({ typ: "JWT", alg: "ES256" });
      expect(publicKey).to.equal(pair.publicKey);
      expect(Object.keys(claims).toSorted()).to.deep.equal(["aud", "exp", "sub"]);
      expect(claims).to.include({ aud: service.origin, sub: subject });
      expect(claims.exp! - Date.now() / 1000).to.be.within(60, 24 * 3600);
    }
  });

  it("has a topic that takes the place of the one before, in the form that push services ask for", async () => {
    subscribe("/phone");
    await send();
    const topic = String(service.pushes[0]!.headers["topic"]);
    expect(Buffer.from(topic, "base64url").toString("base64url")).to.equal(topic).and.to.have.length.of.at.most(32);
  });

  for (const status of [404, 410]) {
    it(`ends a subscription that its push service answers with ${status}, and no other`, async () => {
      subscribe("/gone");
      subscribe("/here");
      service.answer = (response) => {
        response.writeHead(service.pushes.at(-1)!.path === "/gone" ? status : 201).end();
      };
      expect(await send()).to.equal("sent");
      expect(rows.map(({ endpoint }) => endpoint)).to.deep.equal([`${service.origin}/here`]);
    });
  }

  it("that ended the last subscription had nowhere to go", async () => {
    subscribe("/gone");
    service.answersWith(410);
    expect(await send()).to.equal("nowhere");
    expect(rows).to.deep.equal([]);
    expect(await send(), "nobody has subscribed").to.equal("nowhere");
    expect(service.pushes).to.have.length(1);
  });

  for (const status of [408, 429, 500, 503]) {
    it(`that is answered with ${status} has failed, and may be tried again`, async () => {
      subscribe("/phone");
      service.answersWith(status, { "Retry-After": "1" });
      expect(await send()).to.equal("failed");
      expect(rows).to.have.length(1);
    });
  }

  for (const status of [400, 401, 403, 413]) {
    it(`that is refused with ${status} keeps its subscription, and is not tried again soon`, async () => {
      subscribe("/phone");
      service.answersWith(status);
      expect(await send()).to.equal("nowhere");
      expect(rows).to.have.length(1);
    });
  }

  it("follows nobody to another place", async () => {
    subscribe("/phone");
    for (const status of [301, 302, 307, 308]) {
      service.answersWith(status, { Location: `${service.origin}/elsewhere` });
      expect(await send()).to.equal("nowhere");
    }
    expect(new Set(service.pathsCalled())).to.deep.equal(new Set(["/phone"]));
  });

  it("does not go where the settings do not name the place any more", async () => {
    subscribe("/phone");
    push = pushTo(["fcm.googleapis.com"]);
    expect(await send()).to.equal("nowhere");
    expect([service.pushes, rows.length]).to.deep.equal([[], 1]);
  });

  it("has failed where nobody listens, or nobody answers in time", async () => {
    subscribe("/phone");
    push = pushTo([service.origin], { answerWithinMs: 50 });
    service.answer = () => undefined;
    expect(await send()).to.equal("failed");
    await service.close();
    expect(await send()).to.equal("failed");
    service = await WebPushReceiver.start();
  });

  it("waits for no answer's body, however long it is", async () => {
    subscribe("/phone");
    push = pushTo([service.origin], { answerWithinMs: 600_000 });
    let isCut = false;
    service.answer = (response) => {
      response.once("close", () => (isCut = true));
      response.writeHead(201);
      const chunk = Buffer.alloc(65_536);
      const write = () => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on("drain", write);
      write();
    };
    expect(await send()).to.equal("sent");
    await eventually(() => expect(isCut).to.equal(true), 1_000);
  });

  it("has failed while nobody knows the subscriptions", async () => {
    const broken = () => Promise.reject(new Error("the database does not answer"));
    const vapid = new Vapid({ ...pair, subject });
    const subscriptions = { readPushSubscriptions: broken, deletePushSubscription: broken };
    push = new WebPush({ subscriptions, vapid, endpointHosts: [], ttlSeconds: 1, telemetry: silentTelemetry });
    expect(await send()).to.equal("failed");
  });
});
