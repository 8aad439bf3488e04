import { expect } from "chai";
import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { secretVerifier } from "../../../src/accounts/tokens.ts";
import { silentTelemetry } from "../../../src/actors/ports/silent-telemetry.ts";
import type { Accounts, Credentials } from "../../../src/actors/ports/sign-in.ts";
import { frontPage } from "../../../src/gateway/http/front-page.ts";
import { createPublicListener, type PublicAppOptions } from "../../../src/gateway/http/public-app.ts";
import { errorCodes, SottoError } from "../../../src/protocol/errors.ts";
import { httpRefusal } from "../../../src/protocol/http.ts";
import { pushes } from "../../../src/protocol/pushes.ts";
import { requestNames } from "../../../src/protocol/requests.ts";
import { tokenRules, tokenSecret } from "../../support/gateway-node.ts";

describe("the public port over HTTP", () => {
  const open: Server[] = [];
  const asked: Credentials[] = [];
  const accounts: Accounts = {
    signUp: async (credentials) => {
      asked.push(credentials);
      if (credentials.user === "taken") throw new SottoError("account-exists");
      if (credentials.user === "crash") throw new Error("a secret detail");
      return { token: "t", user: credentials.user, expiresAt: 5 };
    },
    logIn: () => Promise.reject(new SottoError("rate-limited", { retryAfterMs: 1500 })),
  };

  async function serve(options: Partial<PublicAppOptions> = {}): Promise<string> {
    const blobs = { keeping: undefined, verifier: secretVerifier(tokenSecret, tokenRules) };
    const all = { accounts, version: "9.9.9", corsOrigins: [], trustedProxies: 0, telemetry: silentTelemetry, blobs };
    const server = createServer(createPublicListener({ ...all, ...options }));
    open.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  let url: string;
  before(async () => {
    url = await serve();
  });
  beforeEach(() => asked.splice(0));
  after(() => {
    for (const server of open) server.close().closeAllConnections();
  });

  const post = (path: string, body: string | object, headers: Record<string, string> = {}) =>
    fetch(`${url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  const refusalIn = async (response: Response) => httpRefusal.parse(await response.json()).error;
  const good = { user: "alice", password: "correct horse" };

  it("answers a browser with a page that loads and runs nothing", async () => {
    const response = await fetch(url);
    const page = await response.text();
    expect(response.headers.get("content-type")).to.match(/^text\/html/);
    expect(page).to.include(`sotto chat --url ${url} --as alice --with bob`).and.to.include("9.9.9");
    expect(page).not.to.match(/<script|<link|src=|url\(|href="(?!\/)/);
    const style = /<style>([\s\S]*)<\/style>/.exec(page)![1]!;
    const policy = response.headers.get("content-security-policy");
    expect(policy).to.include(`'sha256-${createHash("sha256").update(style).digest("base64")}'`);
    expect(policy).to.include("default-src 'none'").and.to.include("frame-ancestors 'none'");
  });

  it("writes commands that lead to this node, and nothing of a Host that is none", () => {
    const pageFor = (host: string | undefined) => frontPage({ version: "9.9.9", hasAccounts: true, host });
    for (const host of [undefined, "localhost:3000", 'x"><script>alert(1)</script>', "x y", "x;rm"]) {
      expect(pageFor(host), host).to.include("npx sotto chat --as alice --with bob").and.not.to.include("<script");
    }
    expect(pageFor("chat.example")).to.include("chat --url https://chat.example --as bob");
  });

  it("makes accounts", async () => {
    const response = await post("/v1/accounts", good);
    expect(response.status).to.equal(201);
    expect(response.headers.get("cache-control")).to.equal("no-store");
    expect(await response.json()).to.deep.equal({ token: "t", user: "alice", expiresAt: 5 });
    expect(asked).to.deep.equal([{ ...good, address: "127.0.0.1" }]);
  });

  it("tells who is too fast when to come back", async () => {
    const response = await post("/v1/sessions", good);
    expect(response.status).to.equal(429);
    expect(response.headers.get("retry-after")).to.equal("2");
    expect(await refusalIn(response)).to.deep.equal({ code: "rate-limited", retryable: true, retryAfterMs: 1500 });
  });

  for (const [what, body] of Object.entries({
    "no JSON": "{",
    "JSON that is no object": "[]",
    "a missing password": { user: "alice" },
    "a short password": { user: "alice", password: "1234567" },
    "a long password": { user: "alice", password: "x".repeat(1025) },
    "a name with a space": { user: "a b", password: "correct horse" },
    "a name that is a number": { user: 5, password: "correct horse" },
    "an empty body": "",
  })) {
    it(`refuses ${what}`, async () => {
      const response = await post("/v1/accounts", body);
      expect(response.status).to.equal(400);
      expect((await refusalIn(response)).code).to.equal("invalid-request");
      expect(asked).to.deep.equal([]);
    });
  }

  it("takes no form of another site for a request", async () => {
    const response = await post("/v1/accounts", good, { "content-type": "text/plain" });
    expect((await refusalIn(response)).code).to.equal("invalid-request");
    expect(asked).to.deep.equal([]);
  });

  it("refuses a body that is too large, announced or not", async () => {
    expect((await refusalIn(await post("/v1/accounts", "x".repeat(16_385)))).code).to.equal("too-large");
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(8192)),
    });
    const options = { method: "POST", headers: { "content-type": "application/json" }, body: endless, duplex: "half" };
    const response = await fetch(`${url}/v1/accounts`, options as RequestInit);
    expect(response.status).to.equal(413);
  });

  it("says which way round a known path is asked, and that there is no other", async () => {
    const wrongWay = await fetch(`${url}/v1/sessions`);
    expect([wrongWay.status, wrongWay.headers.get("allow")]).to.deep.equal([405, "POST, OPTIONS"]);
    expect((await refusalIn(wrongWay)).code).to.equal("unknown-request");
    const nowhere = await fetch(`${url}/v1/nowhere`);
    expect(nowhere.status).to.equal(404);
    expect((await refusalIn(nowhere)).code).to.equal("unknown-request");
  });

  it("gives each refusal its status, and keeps the details of a fault to itself", async () => {
    expect((await post("/v1/accounts", { ...good, user: "taken" })).status).to.equal(409);
    const crash = await post("/v1/accounts", { ...good, user: "crash" });
    expect(crash.status).to.equal(500);
    const { code, detail } = await refusalIn(crash);
    expect(code).to.equal("internal");
    expect(detail)
      .to.match(/names it by [0-9a-f-]{36}/)
      .and.not.to.include("secret");
  });

  it("has no accounts where a host application has them", async () => {
    const hosted = await serve({ accounts: undefined });
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${hosted}/v1/accounts`, { method: "POST", headers, body: JSON.stringify(good) });
    expect(response.status).to.equal(403);
    expect((await refusalIn(response)).code).to.equal("accounts-disabled");
  });

  it("lets pages of named origins ask, and of no others", async () => {
    const shared = await serve({ corsOrigins: ["https://a.example"] });
    const allowed = async (origin: string) => {
      const preflight = { method: "OPTIONS", headers: { origin, "access-control-request-method": "POST" } };
      return (await fetch(`${shared}/v1/accounts`, preflight)).headers.get("access-control-allow-origin");
    };
    expect(await allowed("https://a.example")).to.equal("https://a.example");
    expect(await allowed("https://b.example")).to.equal(null);
  });

  it("believes proxies about addresses only where it was told of them", async () => {
    await post("/v1/accounts", good, { "x-forwarded-for": "198.51.100.7" });
    url = await serve({ trustedProxies: 1 });
    await post("/v1/accounts", good, { "x-forwarded-for": "203.0.113.5, 198.51.100.7" });
    expect(asked.map(({ address }) => address)).to.deep.equal(["127.0.0.1", "198.51.100.7"]);
  });

  it("publishes every request, push and code, from the validators", async () => {
    const asyncApi = (await (await fetch(`${url}/asyncapi.json`)).json()) as {
      asyncapi: string;
      operations: Record<string, { action: string }>;
      components: { messages: Record<string, { payload: object }> };
    };
    expect(asyncApi.asyncapi).to.equal("3.0.0");
    const names = [...requestNames, ...Object.keys(pushes)].map((name) => name.replaceAll(":", "."));
    expect(Object.keys(asyncApi.operations).sort()).to.deep.equal(names.sort());
    const text = JSON.stringify(asyncApi.components.messages["message.send.answer"]);
    for (const code of errorCodes) expect(text).to.include(`"${code}"`);
    const openApi = (await (await fetch(`${url}/openapi.json`)).json()) as {
      openapi: string;
      paths: object;
      components: { schemas: { Credentials: { properties: { password: object } } } };
    };
    expect(openApi.openapi).to.equal("3.1.0");
    expect(Object.keys(openApi.paths)).to.deep.equal(["/v1/accounts", "/v1/sessions", "/v1/blobs/{id}"]);
    expect(openApi.components.schemas.Credentials.properties.password).to.include({ minLength: 8, maxLength: 1024 });
  });
});
