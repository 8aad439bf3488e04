/** The secret that an embedded node makes for itself when it is given none. */
import { randomBytes } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

/** Its place in the data folder. */
export const ownSecretFile = (dataDir: string): string => join(dataDir, "token-secret");

/** The secret of this data folder, if a node has made one. Throws when it is there and cannot be read. */
export function readOwnSecret(dataDir: string): string | undefined {
  try {
    const secret = readFileSync(ownSecretFile(dataDir), "utf8").trim();
    if (secret.length < 32)
      throw new Error(`${ownSecretFile(dataDir)} is damaged: delete it, and everybody logs in again`);
    return secret;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** The secret of this data folder, made when missing: 32 random bytes, readable by the owner only, never half written. */
export function ensureOwnSecret(dataDir: string): { secret: string; isNew: boolean } {
  const known = readOwnSecret(dataDir);
  if (known !== undefined) return { secret: known, isNew: false };
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const secret = randomBytes(32).toString("base64url");
  const draft = `${ownSecretFile(dataDir)}.${process.pid}.new`;
  writeDurably(draft, `${secret}\n`);
  try {
    linkSync(draft, ownSecretFile(dataDir));
    return { secret, isNew: true };
  } catch (error) {
    const winner = (error as NodeJS.ErrnoException).code === "EEXIST" ? readOwnSecret(dataDir) : undefined;
    if (winner === undefined) throw error;
    return { secret: winner, isNew: false };
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Whether others than the owner may read it. Always false where the system has no such permissions. */
export function isOwnSecretExposed(dataDir: string): boolean {
  if (process.platform === "win32") return false;
  return (statSync(ownSecretFile(dataDir)).mode & 0o077) !== 0;
}

function writeDurably(path: string, text: string): void {
  const file = openSync(path, "w", 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
