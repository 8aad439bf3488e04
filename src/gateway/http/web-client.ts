/**
 * The web client's files, as the build has left them: read once, held in memory, each with what the build has compressed beside it.
 * What is named by its hash is kept by browsers for good; the page is asked for anew each time, so that an update reaches everybody.
 */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";
import type { Context } from "hono";

const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
};

/** What is there beside a file, by the ending of its name, best first. */
const encodings = [
  [".br", "br"],
  [".gz", "gzip"],
] as const;

interface WebFile {
  type: string;
  etag: string;
  isHashed: boolean;
  plain: Uint8Array<ArrayBuffer>;
  encoded: Map<string, Uint8Array<ArrayBuffer>>;
}

/** By the path that a browser asks for; `/` is the page. */
export type WebFiles = ReadonlyMap<string, WebFile>;

/** Undefined where nothing was built. */
export async function readWebFiles(folder: string): Promise<WebFiles | undefined> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const names = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"));
  if (!names.includes("index.html")) return undefined;
  const files = new Map<string, WebFile>();
  for (const name of names.filter((one) => extname(one) in types)) {
    const plain = new Uint8Array(await readFile(join(folder, name)));
    const encoded: WebFile["encoded"] = new Map();
    for (const [ending, encoding] of encodings) {
      if (names.includes(name + ending))
        encoded.set(encoding, new Uint8Array(await readFile(join(folder, name + ending))));
    }
    const etag = `"${createHash("sha256").update(plain).digest("base64url").slice(0, 22)}"`;
    const file = { type: types[extname(name)]!, etag, isHashed: name.startsWith("assets/"), plain, encoded };
    files.set(name === "index.html" ? "/" : `/${name}`, file);
  }
  return files;
}

/**
 * Only what this node serves runs, applies, or is asked. WebAssembly is the cipher's. The worker's script is answered with it, too: a worker has the
 * policy that it came with. Browsers of before 2022 do not count sockets of the same host to `'self'`.
 */
export function webClientPolicy(host: string | undefined): string {
  const isHost = host !== undefined && /^[a-z0-9.:[\]-]{1,253}$/i.test(host);
  const sockets = isHost ? ` ws://${host} wss://${host}` : "";
  return [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    "img-src 'self' blob: data:",
    `connect-src 'self'${sockets}`,
    "worker-src 'self'",
    "manifest-src 'self'",
    "font-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

/** Answers with a file of the web client; undefined where there is none of that path. */
export function answerWithWebFile(context: Context, files: WebFiles): Response | undefined {
  const file = files.get(context.req.path);
  if (!file) return undefined;
  context.header("Content-Security-Policy", webClientPolicy(context.req.header("host")));
  context.header("Cross-Origin-Opener-Policy", "same-origin");
  context.header("Cross-Origin-Resource-Policy", "same-origin");
  context.header("Permissions-Policy", "camera=(self), geolocation=(), microphone=()");
  context.header("Cache-Control", file.isHashed ? "public, max-age=31536000, immutable" : "no-cache");
  context.header("ETag", file.etag);
  context.header("Vary", "Accept-Encoding");
  if (context.req.header("if-none-match") === file.etag) return context.body(null, 304);
  context.header("Content-Type", file.type);
  const accepted = (context.req.header("accept-encoding") ?? "").split(",").map((one) => one.split(";")[0]!.trim());
  const encoding = [...file.encoded.keys()].find((one) => accepted.includes(one));
  if (encoding === undefined) return context.body(file.plain, 200);
  context.header("Content-Encoding", encoding);
  return context.body(file.encoded.get(encoding)!, 200);
}
