import { expect } from "chai";
import { SottoError } from "../../src/client/index.ts";
import { answerCalls, failureOf, tellThrough, type Port } from "../../src/web/bridge/answering.ts";
import { Caller, CallFailure } from "../../src/web/bridge/caller.ts";
import type { Answers } from "../../src/web/bridge/contract.ts";

describe("the bridge between page and worker", () => {
  let channel: MessageChannel;
  let page: Caller;
  let port: Port;

  const offer = (answers: Partial<Answers>): void => answerCalls(port, answers as Answers);
  beforeEach(() => {
    channel = new MessageChannel();
    port = channel.port1 as unknown as Port;
    page = new Caller(channel.port2 as unknown as Worker);
    for (const end of [channel.port1, channel.port2]) end.start();
  });
  afterEach(() => channel.port1.close());

  const failure = (work: Promise<unknown>): Promise<CallFailure> =>
    work.then(
      () => expect.fail("it was answered"),
      (error: unknown) => error as CallFailure,
    );

  it("answers each call with its own answer, whichever is done first", async () => {
    const release: (() => void)[] = [];
    offer({
      openDirect: ({ user }) => new Promise((resolve) => release.push(() => resolve({ title: user } as never))),
      blocked: () => ["mallory"],
    });
    const [one, two] = [page.call("openDirect", { user: "bob" }), page.call("openDirect", { user: "carol" })];
    expect(await page.call("blocked")).to.deep.equal(["mallory"]);
    for (const answer of release.reverse()) answer();
    expect([(await one).title, (await two).title]).to.deep.equal(["bob", "carol"]);
  });

  it("carries a refusal with its code, whether to try again, and when", async () => {
    offer({ logIn: () => Promise.reject(new SottoError("rate-limited", { retryAfterMs: 1500 })) });
    const error = await failure(page.call("logIn", { user: "alice", password: "secret" }));
    expect(error).to.be.instanceOf(CallFailure);
    expect(error).to.include({ code: "rate-limited", retryable: true, retryAfterMs: 1500 });
  });

  it("keeps the words of what nobody foresaw to itself", () => {
    const silent = console.error;
    console.error = () => undefined;
    try {
      expect(failureOf(new Error("a secret detail"))).to.deep.equal({ code: "internal", retryable: false });
    } finally {
      console.error = silent;
    }
  });

  it("gives a call up at once when it is cancelled, and fires the signal of who works at it", async () => {
    const heard = new Promise<void>((resolve) =>
      offer({
        finishLink: (_given, signal) =>
          new Promise(() => signal.addEventListener("abort", () => resolve(), { once: true })),
      }),
    );
    const stop = new AbortController();
    const call = failure(page.call("finishLink", undefined, stop.signal));
    stop.abort();
    expect((await call).code).to.equal("aborted");
    await heard;
    expect((await failure(page.call("finishLink", undefined, stop.signal))).code).to.equal("aborted");
  });

  it("brings events to who listens, until they do no more", async () => {
    const heard: string[] = [];
    const tell = tellThrough(port);
    offer({ blocked: () => [] });
    const off = page.on("blocked", (users) => heard.push(...users));
    tell("blocked", ["mallory"]);
    await page.call("blocked");
    off();
    tell("blocked", ["trudy"]);
    await page.call("blocked");
    expect(heard).to.deep.equal(["mallory"]);
  });
});
