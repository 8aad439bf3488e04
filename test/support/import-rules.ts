import { posix } from "node:path";

export interface SourceFile {
  /** From the project's folder, with slashes. */
  path: string;
  text: string;
}

const ports = "src/actors/ports/";
/** The house's folders by what they may import of ours, beside themselves. A name ending in `/` is a folder, others a file. */
const mayImport: Record<string, readonly string[]> = {
  "src/protocol/": [],
  "config/": [],
  "src/observability/": [ports],
  "src/identity/": ["src/protocol/"],
  "src/crypto/": ["src/protocol/", "src/identity/"],
  "src/client/": ["src/protocol/", "src/identity/", "src/crypto/"],
  "src/web/": ["src/client/index.ts"],
  "src/actors/": ["src/protocol/"],
  "src/accounts/": ["src/protocol/", ports],
  "src/store/": ["src/protocol/", ports, "src/observability/"],
  "src/cluster/": ["src/protocol/", ports, "src/observability/"],
  "src/jobs/": ["src/protocol/", ports, "src/observability/"],
  "src/push/": ["src/protocol/", ports, "src/observability/"],
  "src/blobs/": ["src/protocol/", ports, "src/observability/"],
  "src/gateway/": ["src/protocol/", "src/identity/", "src/actors/", "src/observability/"],
  "workers/": [
    "src/protocol/",
    ports,
    "src/jobs/",
    "src/store/",
    "src/cluster/",
    "src/push/",
    "src/blobs/",
    "src/observability/",
    "config/",
  ],
};
const composition = [
  "src/protocol/",
  "src/identity/",
  "src/actors/",
  "src/accounts/",
  "src/store/",
  "src/cluster/",
  "src/jobs/",
  "src/push/",
  "src/blobs/",
  "src/gateway/",
  "src/observability/",
  "src/server/",
  "src/server.ts",
  "src/worker.ts",
  "config/",
  "workers/",
];

/** Who may import a library: nobody else. */
const owners: Record<string, readonly string[]> = {
  "socket.io": ["src/gateway/", "src/cluster/"],
  "socket.io-client": ["src/client/"],
  "@socket.io/redis-adapter": ["src/cluster/"],
  "@socket.io/redis-streams-adapter": ["src/cluster/"],
  redis: ["src/cluster/", "src/jobs/"],
  bullmq: ["src/jobs/", "workers/main.ts"],
  mysql2: ["src/store/"],
  aws4fetch: ["src/blobs/"],
  hono: ["src/gateway/"],
  "@hono/node-server": ["src/gateway/"],
  jose: ["src/accounts/", "src/push/"],
  libsql: ["src/store/"],
  "libsodium-wrappers-sumo": ["src/crypto/", "src/identity/", "src/accounts/"],
  "ts-mls": ["src/crypto/", "src/identity/"],
  pino: ["src/observability/"],
  "prom-client": ["src/observability/"],
  preact: ["src/web/"],
  "@preact/signals": ["src/web/"],
  uqr: ["src/web/"],
  zod: ["src/protocol/", "src/gateway/", "src/client/", "config/"],
};
/** Runs in browsers too, or knows no libraries: nothing of Node in there. */
const withoutNode = ["src/protocol/", "src/identity/", "src/crypto/", "src/client/", "src/web/", "src/actors/"];
const nodeOnly = [
  "src/client/node.ts",
  "src/client/attachments/node-files.ts",
  "src/client/stores/file-store.ts",
  "src/client/stores/file-store/",
];

const specifiers =
  /(?:^|[\s;}])(?:import|export)\s(?:[^"'`;]*?\sfrom\s*)?["']([^"']+)["']|\b(?:import|require)\(\s*["']([^"']+)["']/g;

/** What a file imports, types included. */
export function importsOf(text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  return [...code.matchAll(specifiers)].map((match) => (match[1] ?? match[2])!);
}

const isIn = (path: string, places: readonly string[]) =>
  places.some((place) => (place.endsWith("/") ? path.startsWith(place) : path === place));

/** One sentence per import that the house does not allow. */
export function importFaults(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) =>
    importsOf(text).flatMap((specifier) => {
      const fault = specifier.startsWith(".") ? ownImportFault(path, specifier) : libraryFault(path, specifier);
      return fault ? [`${path} imports ${specifier}: ${fault}`] : [];
    }),
  );
}

function ownImportFault(path: string, specifier: string): string | undefined {
  const target = posix.normalize(posix.join(posix.dirname(path), specifier));
  if (path.startsWith("src/cli/")) return undefined;
  if (target === "workers/main.ts" && path !== "src/worker.ts") return "it is started by src/worker.ts alone";
  if (/^src\/(?:index|server|worker)\.ts$|^src\/server\//.test(path)) {
    return isIn(target, composition) ? undefined : "the server knows nothing of the client's folders";
  }
  const folder = Object.keys(mayImport).find((place) => path.startsWith(place));
  if (!folder) return "this file is in no folder of the house";
  return isIn(target, [folder, ...mayImport[folder]!]) ? undefined : `not among what ${folder} may import`;
}

function libraryFault(path: string, specifier: string): string | undefined {
  if (specifier.startsWith("node:")) {
    return isIn(path, withoutNode) && !isIn(path, nodeOnly)
      ? "this folder is for browsers too, or knows no libraries"
      : undefined;
  }
  const library = specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
  const places = owners[library];
  if (!places) return "this library has no owner yet";
  return isIn(path, places) ? undefined : `${library} belongs to ${places.join(", ")}`;
}

const bannedWords = /^(?:utils?|helpers?|common|misc|managers?|services?|types|classes|interfaces)$/;

/** One sentence per path whose name says nothing, or is not kebab-case. */
export function nameFaults(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    const faults = path.split("/").flatMap((segment) => {
      const words = segment.replace(/\.(?:ts|tsx|mjs|test|contract|css|html|sql)/g, "").split(/[-.]/);
      if (words.some((word) => bannedWords.test(word))) return [`${path}: ${segment} is a name that says nothing`];
      return words.every((word) => /^[a-z0-9]*$/.test(word)) ? [] : [`${path}: ${segment} is not kebab-case`];
    });
    return faults.slice(0, 1);
  });
}
