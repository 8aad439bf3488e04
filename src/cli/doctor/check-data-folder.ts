import { statfs } from "node:fs/promises";
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { databaseFile } from "../../../config/load-settings.ts";
import type { Settings } from "../../../config/settings.ts";
import { isOwnSecretExposed, ownSecretFile, readOwnSecret } from "../../accounts/own-secret.ts";
import type { Finding } from "./finding.ts";

const littleBytes = 512 * 1024 * 1024;

/** What signs tokens, and who else can read it. */
export function checkSecret(settings: Settings): Finding {
  const finding = (state: Finding["state"], says: string, todo?: string): Finding =>
    todo === undefined ? { check: "secret", state, says } : { check: "secret", state, says, todo };
  if (settings.AUTH_JWKS_URL !== "") return finding("good", "tokens are checked with the keys at AUTH_JWKS_URL");
  if (settings.AUTH_JWT_SECRET !== "") return finding("good", "AUTH_JWT_SECRET is given");
  const file = ownSecretFile(settings.DATA_DIR);
  try {
    if (readOwnSecret(settings.DATA_DIR) === undefined) return finding("note", "none yet", "sotto start makes one");
  } catch (error) {
    return finding("bad", error instanceof Error ? error.message : `${file} cannot be read`, `see to ${file}`);
  }
  if (!isOwnSecretExposed(settings.DATA_DIR)) return finding("good", `${file}, for its owner only`);
  return finding("bad", `${file} can be read by others on this machine`, `chmod 600 ${file}`);
}

export async function checkDisk(settings: Settings): Promise<Finding> {
  let folder = dirname(databaseFile(settings));
  while (!existsSync(folder)) folder = dirname(folder);
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const says = `${Math.floor(free / 1024 / 1024)} MiB free at ${folder}`;
  if (free > littleBytes) return { check: "disk", state: "good", says };
  return { check: "disk", state: "bad", says, todo: "make room: a node that cannot write refuses every message" };
}
