/** Opens the device that `sotto chat` acts as: its folder, its passphrase, its token. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadSettings } from "../../../config/load-settings.ts";
import type { Settings } from "../../../config/settings.ts";
import { ownSecretFile, readOwnSecret } from "../../accounts/own-secret.ts";
import { signToken } from "../../accounts/tokens.ts";
import { createClient, SottoError, type Client } from "../../client/index.ts";
import { fileStore, nodeFiles } from "../../client/node.ts";
import { userId } from "../../protocol/ids.ts";
import { UsageError, type ChatOptions } from "./chat-options.ts";

const tokenTtlSeconds = 3600;

export async function openChatClient(options: ChatOptions): Promise<Client> {
  const settings = loadSettings();
  const url = options.url ?? `http://127.0.0.1:${settings.PORT}`;
  const folder = options.data ?? join(settings.DATA_DIR, "chat", encodeURIComponent(options.user));
  const token = options.token === undefined ? localToken(settings, url, options.user) : () => options.token!;
  try {
    return await createClient({
      url,
      user: options.user,
      token,
      files: nodeFiles,
      store: openStore(folder, options.passphraseFile),
    });
  } catch (error) {
    if (error instanceof SottoError) throw explain(error, folder);
    throw error;
  }
}

/** Signs with the secret of the node on this machine, each time a token is needed. */
function localToken(settings: Settings, url: string, user: string): () => Promise<string> {
  const name = userId.safeParse(user);
  if (!name.success) throw new UsageError("a user is 1 to 128 visible ASCII characters without spaces");
  if (!isLoopback(url)) throw new UsageError(`${url} is not on this machine: pass --token`);
  return async () => {
    const secret = settings.AUTH_JWT_SECRET || readOwnSecret(settings.DATA_DIR);
    if (!secret) {
      const detail = `There is no ${ownSecretFile(settings.DATA_DIR)}: start a node in this folder first (npm start), or pass --token.`;
      throw new SottoError("token-missing", { detail });
    }
    const rules = { issuer: settings.AUTH_ISSUER, audience: settings.AUTH_AUDIENCE };
    return (await signToken(secret, rules, { user: name.data, ttlSeconds: tokenTtlSeconds })).token;
  };
}

function isLoopback(url: string): boolean {
  if (!URL.canParse(url)) throw new UsageError(`${url} is not a URL`);
  const { hostname } = new URL(url);
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname);
}

function openStore(folder: string, passphraseFile: string | undefined) {
  if (passphraseFile !== undefined) {
    if (!existsSync(passphraseFile)) throw new UsageError(`there is no file ${passphraseFile}`);
    const passphrase = readFileSync(passphraseFile, "utf8").replace(/\r?\n$/, "");
    if (passphrase === "") throw new UsageError(`${passphraseFile} is empty`);
    return fileStore(folder, { passphrase });
  }
  return fileStore(folder, { passphrase: keptPassphrase(folder), kdf: randomPassphraseKdf });
}

/** A passphrase of 256 random bits needs no stretching. */
const randomPassphraseKdf = { opslimit: 1, memlimitBytes: 8 * 1024 * 1024 };

function keptPassphrase(folder: string): string {
  const file = join(folder, "passphrase");
  if (existsSync(file)) return readFileSync(file, "utf8").trim();
  if (existsSync(join(folder, "journal")))
    throw new UsageError(`${folder} was made with a passphrase: pass --passphrase-file`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const passphrase = randomBytes(32).toString("base64url");
  writeFileSync(file, `${passphrase}\n`, { mode: 0o600, flag: "wx" });
  return passphrase;
}

function explain(error: SottoError, folder: string): SottoError {
  const hints: Partial<Record<SottoError["code"], string>> = {
    "store-locked": `${folder} is in use by another sotto chat. Close it, or give this one its own --data folder: a second device.`,
    "store-unreadable": `${folder} cannot be opened: the passphrase is wrong, or the files are damaged.`,
    "store-in-use": `${folder} belongs to another user. Pass another --data folder.`,
  };
  const detail = hints[error.code];
  return detail === undefined ? error : new SottoError(error.code, { detail, cause: error });
}
