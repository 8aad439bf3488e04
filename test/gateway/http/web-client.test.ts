import { expect } from "chai";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { secretVerifier } from "../../../src/accounts/tokens.ts";
import { silentTelemetry } from "../../../src/actors/ports/silent-telemetry.ts";
import type { Accounts } from "../../../src/actors/ports/sign-in.ts";
import { createPublicListener, type PublicAppOptions } from "../../../src/gateway/http/public-app.ts";
import { readWebFiles, webClientPolicy, type WebFiles } from "../../../src/gateway/http/web-client.ts";
import { tokenRules, tokenSecret } from "../../support/gateway-node.ts";
import { tempFolder } from "../../support/temp-folder.ts";

describe("the web client over HTTP", () => {
  const servers: Server[] = [];
  const script = "console.log('a script that is long enough to be worth it');";
  let folder: Awaited<ReturnType<typeof tempFolder>>;
  let files: WebFiles;
  let url: string;

  const nobody = (): Promise<never> => Promise.reject(new Error("nobody signs in here"));
  async function serve(options: Partial<PublicAppOptions>): Promise<string> {
    const accounts: Accounts = { signUp: nobody, logIn: nobody };
    const blobs = { keeping: undefined, verifier: secretVerifier(tokenSecret, tokenRules) };
    const all = { accounts, version: "9.9.9", corsOrigins: [], trustedProxies: 0, telemetry: silentTelemetry, blobs };
    const server = createServer(createPublicListener({ ...all, ...options }));
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  before(async () => {
    folder = await tempFolder();
    await mkdir(join(folder.path, "assets"));
    const write = (name: string, content: string | Uint8Array) => writeFile(join(folder.path, name), content);
    await write("index.html", "<!doctype html><title>the client</title>");
    await write("icon.svg", "<svg/>");
    await write("assets/main-abc.js", script);
    await write("assets/main-abc.js.gz", gzipSync(script));
    await write("notes.txt", "not for browsers");
    files = (await readWebFiles(folder.path))!;
    url = await serve({ webFiles: files });
  });
  after(async () => {
    for (const server of servers) server.close().closeAllConnections();
    await folder.remove();
  });

  it("is the page at /, under a policy that lets nothing in from elsewhere, and asked for anew each time", async () => {
    const response = await fetch(url);
    expect(await response.text()).to.include("<title>the client</title>");
    expect(response.headers.get("content-type")).to.equal("text/html; charset=utf-8");
    expect(response.headers.get("cache-control")).to.equal("no-cache");
    expect(response.headers.get("x-content-type-options")).to.equal("nosniff");
    expect(response.headers.get("referrer-policy")).to.equal("no-referrer");
    expect(response.headers.get("cross-origin-opener-policy")).to.equal("same-origin");
    const policy = response.headers.get("content-security-policy")!;
    expect(policy).to.include("default-src 'none'").and.include("script-src 'self' 'wasm-unsafe-eval';");
    expect(policy)
      .to.include("frame-ancestors 'none'")
      .and.include("base-uri 'none'")
      .and.include("form-action 'none'");
    expect(policy).to.include(`connect-src 'self' ${url.replace("http", "ws")} ${url.replace("http", "wss")};`);
    expect(policy).not.to.include("unsafe-inline");
  });

  it("has files that are kept for good where their names have their hashes, with the type that is theirs", async () => {
    const hashed = await fetch(`${url}/assets/main-abc.js`);
    expect(hashed.headers.get("cache-control")).to.equal("public, max-age=31536000, immutable");
    expect(hashed.headers.get("content-type")).to.equal("text/javascript; charset=utf-8");
    expect(hashed.headers.get("content-security-policy")).to.include("'wasm-unsafe-eval'");
    const named = await fetch(`${url}/icon.svg`);
    expect(named.headers.get("cache-control")).to.equal("no-cache");
    expect(named.headers.get("content-type")).to.equal("image/svg+xml");
  });

  it("sends what the build has compressed to who takes it, and the file itself to others", async () => {
    const sent = await fetch(`${url}/assets/main-abc.js`, { headers: { "accept-encoding": "gzip;q=1.0, br" } });
    expect(sent.headers.get("content-encoding")).to.equal("gzip");
    expect(sent.headers.get("vary")).to.equal("Accept-Encoding");
    expect(await sent.text()).to.equal(script);
    const plain = await fetch(`${url}/assets/main-abc.js`, { headers: { "accept-encoding": "identity" } });
    expect(plain.headers.get("content-encoding")).to.equal(null);
    expect(await plain.text()).to.equal(script);
  });

  it("is not sent again to who has it", async () => {
    const { headers } = await fetch(url);
    const again = await fetch(url, { headers: { "if-none-match": headers.get("etag")! } });
    expect([again.status, await again.text()]).to.deep.equal([304, ""]);
  });

  it("leads to no file that is not its own", async () => {
    for (const path of [
      "/notes.txt",
      "/../package.json",
      "/assets/..%2f..%2fpackage.json",
      "/assets/",
      "/index.html",
    ]) {
      expect((await fetch(url + path)).status, path).to.equal(404);
    }
  });

  it("leaves the other paths as they are", async () => {
    expect((await fetch(`${url}/openapi.json`)).status).to.equal(200);
    expect((await fetch(`${url}/v1/sessions`)).status).to.equal(405);
  });

  it("is not shown where it was not built; and where there are no accounts it is, for who comes with a token", async () => {
    expect(await readWebFiles(join(folder.path, "nowhere"))).to.equal(undefined);
    const plain = "A messaging node is running here.";
    expect(await (await fetch(await serve({}))).text()).to.include(plain);
    expect(await (await fetch(await serve({ webFiles: files, accounts: undefined }))).text()).to.not.include(plain);
  });

  it("names no host in its policy that is none", () => {
    expect(webClientPolicy("chat.example:8443")).to.include(
      "connect-src 'self' ws://chat.example:8443 wss://chat.example:8443;",
    );
    for (const host of [undefined, "x; script-src *", "a b", "'none'"]) {
      expect(webClientPolicy(host)).to.include("connect-src 'self';");
    }
  });
});
