import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { completeSettings } from "../../config/load-settings.ts";
import { createLog } from "../../src/observability/log.ts";
import { startServer } from "../../src/server.ts";
import { tokenSecret } from "./gateway-node.ts";
import { tempFolder } from "./temp-folder.ts";

const mebibyte = 1024 * 1024;

/** A whole node that keeps files in a folder of its own. */
export interface BlobNode {
  url: string;
  /** Temporary; the node's data is in `data`. */
  folder: string;
  /** Names of the parts that it holds. */
  parts(): Promise<string[]>;
  close(): Promise<void>;
}

export async function startBlobNode(): Promise<BlobNode> {
  const folder = await tempFolder();
  const settings = completeSettings({
    PORT: 0,
    OPS_PORT: 0,
    LOG_LEVEL: "silent",
    DATA_DIR: join(folder.path, "data"),
    AUTH_JWT_SECRET: tokenSecret,
    MAX_BLOB_BYTES: 16 * mebibyte,
    BLOB_QUOTA_BYTES: 100 * mebibyte,
  });
  const node = await startServer(settings, createLog({ level: "silent" }));
  return {
    url: node.url,
    folder: folder.path,
    parts: async () => {
      const blobs = join(folder.path, "data", "blobs");
      const names = await readdir(blobs, { recursive: true, withFileTypes: true }).catch(() => []);
      return names.filter((entry) => entry.isFile()).map(({ name }) => name);
    },
    close: async () => {
      await node.close();
      await folder.remove();
    },
  };
}
