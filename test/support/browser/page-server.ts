import { createServer, type Server } from "node:http";
import { readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { bundle, bundleAsTheWebClient, type Bundle } from "./bundle.ts";

const bundles = new Map<string, Promise<Bundle>>();
/** The page whose libsodium is the web client's. */
const trimmed = "primitives";
const mocha = new URL("../../../node_modules/mocha/mocha.js", import.meta.url);

/**
 * Serves the pages of `pages/`, each as one script, under a policy as strict as the SDK allows: no inline script, no `eval`, WebAssembly.
 * `/device` is the page of `pages/device-page.ts`.
 */
export class PageServer {
  readonly url: string;
  /** Where pages may connect to. */
  readonly nodes: string[] = [];
  private readonly server: Server;

  private constructor(server: Server) {
    this.server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(): Promise<PageServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const pages = new PageServer(server);
    server.on("request", (request, response) => {
      pages.answer(request.url ?? "/").then(
        ({ type, body }) =>
          response
            .writeHead(200, {
              "content-type": type,
              "content-security-policy": pages.policy,
              "cache-control": "no-store",
            })
            .end(body),
        (error: unknown) => response.writeHead(500).end(String(error)),
      );
    });
    return pages;
  }

  get policy(): string {
    const nodes = this.nodes.flatMap((url) => [url, url.replace(/^http/, "ws")]).join(" ");
    return [
      "default-src 'none'",
      "script-src 'self' 'wasm-unsafe-eval'",
      "worker-src 'self'",
      "img-src data:",
      `connect-src 'self' ${nodes}`,
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join("; ");
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private async answer(path: string): Promise<{ type: string; body: string | Uint8Array }> {
    const script = { type: "text/javascript; charset=utf-8" };
    if (path === "/mocha.js") return { ...script, body: await readFile(mocha, "utf8") };
    const name = /^\/([a-z]+)\.js$/.exec(path)?.[1];
    if (name !== undefined) return { ...script, body: (await pageBundle(name)).script };
    const file = path.startsWith("/assets/") ? (await pageBundle(trimmed)).files.get(path) : undefined;
    if (file) return { type: "application/wasm", body: file };
    const first = path === "/contract" ? `<script src="/mocha.js"></script>` : "";
    const icon = `<link rel="icon" href="data:,">`;
    const body = `<!doctype html><title>Sotto</title>${icon}${first}<script type="module" src="${path}.js"></script>`;
    return { type: "text/html; charset=utf-8", body };
  }
}

function pageBundle(name: string): Promise<Bundle> {
  let made = bundles.get(name);
  if (!made) bundles.set(name, (made = makeBundle(name, `test/support/browser/pages/${name}-page.ts`)));
  return made;
}

async function makeBundle(name: string, entry: string): Promise<Bundle> {
  if (name === trimmed) return bundleAsTheWebClient(entry);
  return { script: await bundle(entry), files: new Map() };
}
