import { expect } from "chai";
import { join } from "node:path";
import { memoryStore } from "../../src/client/index.ts";
import { startNode, type RunningNode } from "../../src/index.ts";
import { newVapidPair, type VapidPair } from "../../src/push/vapid.ts";
import { eventually } from "../support/eventually.ts";
import { tokenSecret } from "../support/gateway-node.ts";
import { People } from "../support/people.ts";
import { PushReceiver } from "../support/push-receiver.ts";
import { refusal } from "../support/refusal.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { vapidOf, WebPushReceiver } from "../support/web-push-receiver.ts";

describe("a closed browser is woken without a word", function () {
  this.timeout(120_000);
  let folder: Awaited<ReturnType<typeof tempFolder>>;
  let pair: VapidPair;
  let receiver: WebPushReceiver;
  let node: RunningNode;
  let people: People;
  let webhook: PushReceiver | undefined;
  beforeEach(async () => {
    folder = await tempFolder();
    pair = await newVapidPair();
    receiver = await WebPushReceiver.start();
    people = new People(() => node.url);
  });
  afterEach(async () => {
    await people.close();
    await node.close();
    await receiver.close();
    await webhook?.close();
    webhook = undefined;
    await folder.remove();
  });

  async function start(more: Record<string, unknown> = {}): Promise<void> {
    node = await startNode({
      PORT: 0,
      OPS_PORT: 0,
      LOG_LEVEL: "silent",
      DATA_DIR: join(folder.path, "data"),
      AUTH_JWT_SECRET: tokenSecret,
      VAPID_PUBLIC_KEY: pair.publicKey,
      VAPID_PRIVATE_KEY: pair.privateKey,
      VAPID_SUBJECT: "mailto:ops@example.org",
      PUSH_ENDPOINT_HOSTS: [receiver.origin],
      PUSH_DELAY_SECONDS: 0,
      PUSH_QUIET_SECONDS: 0,
      PUSH_RETRY_SECONDS: 1,
      ...more,
    });
  }

  it("by its push service, signed, empty, again after a while, and no more once it has read", async () => {
    await start();
    const store = memoryStore();
    const [alice, bob] = [await people.online("alice"), await people.online("bob", { store })];
    expect(await bob.push.publicKey()).to.equal(pair.publicKey);
    await bob.push.subscribe({ endpoint: `${receiver.origin}/bob` });
    const chat = await alice.direct("bob");
    await chat.send("while you are here").reached("delivered", { timeout: 60_000 });
    people.forget(bob);
    await bob.close();
    const message = chat.send("while you are away");
    await eventually(() => expect(receiver.pushes).to.have.length.of.at.least(2), 20_000);
    for (const received of receiver.pushes) {
      expect(received).to.include({ method: "POST", path: "/bob", body: "" });
      const { claims, publicKey } = await vapidOf(received);
      expect(publicKey).to.equal(pair.publicKey);
      expect(claims).to.include({ aud: receiver.origin, sub: "mailto:ops@example.org" });
      expect(claims.exp! - Date.now() / 1000).to.be.within(60, 24 * 3600);
    }
    expect(receiver.pushes[1]!.at - receiver.pushes[0]!.at).to.be.at.least(900);
    await people.online("bob", { store });
    await message.reached("delivered", { timeout: 60_000 });
    expect(people.faults).to.deep.equal([]);
  });

  it("beside the webhook, where both are set", async () => {
    const hook = (webhook = await PushReceiver.start());
    await start({ PUSH_WEBHOOK_URL: hook.url, PUSH_WEBHOOK_SECRET: "a secret of sixteen characters and more" });
    const [alice, bob] = [await people.online("alice"), await people.online("bob")];
    await bob.push.subscribe({ endpoint: `${receiver.origin}/bob` });
    receiver.answersWith(500);
    const chat = await alice.direct("bob");
    await chat.send("one").reached("delivered", { timeout: 60_000 });
    people.forget(bob);
    await bob.close();
    chat.send("two");
    // The webhook took it: that one of the two failed does not hold the schedule back.
    await eventually(() => expect(hook.pushes.map(({ note }) => note.attempt)).to.include.members([0, 1]), 20_000);
    // Both are sent at once, and arrive in any order.
    await eventually(() => expect(receiver.pushes).to.have.length.of.at.least(2));
  });

  it("and never by a call to a machine that a client names", async () => {
    await start({ PUSH_ENDPOINT_HOSTS: ["fcm.googleapis.com"] });
    const bob = await people.online("bob");
    await refusal(bob.push.subscribe({ endpoint: `${receiver.origin}/bob` }), "push-refused");
    await refusal(bob.push.subscribe({ endpoint: `${node.opsUrl}/metrics` }), "push-refused");
    await bob.push.subscribe({ endpoint: "https://fcm.googleapis.com/fcm/send/one" });
  });
});
