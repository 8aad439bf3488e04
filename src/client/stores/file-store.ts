import { chmod, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  createVault,
  defaultVaultParameters,
  openVault,
  type Vault,
  type VaultParameters,
} from "../../crypto/record-sealing.ts";
import { sodiumReady } from "../../identity/sodium.ts";
import { SottoError } from "../../protocol/errors.ts";
import type { ClientStore, OpenClientStore } from "./client-store.ts";
import { encodeBatch } from "./file-store/batch-codec.ts";
import { maxFrameBytes } from "./file-store/frame.ts";
import { JournalFile, type FrameSeal } from "./file-store/journal-file.ts";
import { Journal } from "./file-store/journal.ts";
import { lockFolder, type FolderLock } from "./file-store/lock-file.ts";
import { WriteQueue } from "./file-store/write-queue.ts";
import { checkChanges } from "./ordered-records.ts";

export interface FileStoreOptions {
  passphrase: string;
  /** What guessing a passphrase costs. Default: Argon2id with 3 passes over 256 MiB. Only read when the store is made. */
  kdf?: { opslimit: number; memlimitBytes: number };
}

/** How much one batch may hold once encoded: the largest frame, less what sealing adds. */
const maxBatchBytes = maxFrameBytes - 1024;
/** What frames are sealed as, in the vault's terms. */
const sealedTable = "journal";

/**
 * A store in a folder of its own, which is made when it is not there (mode 700). Everything in it, names included, is
 * encrypted under the passphrase; without it there is no way back. An open store remembers ids, not values.
 */
export function fileStore(folder: string, options: FileStoreOptions): ClientStore {
  return {
    async open() {
      await sodiumReady();
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await chmod(folder, 0o700);
      const lock = await lockFolder(folder);
      try {
        return openJournal(await unlockJournal(join(folder, "journal"), options), lock);
      } catch (error) {
        await lock.release();
        throw error;
      }
    },
  };
}

async function unlockJournal(path: string, options: FileStoreOptions): Promise<Journal> {
  await rm(`${path}.new`, { force: true });
  try {
    return await readJournal(path, options.passphrase);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const { header, vault } = createVault(options.passphrase, vaultParameters(options.kdf));
  const file = await JournalFile.create(`${path}.new`, header);
  await file.publish(`${path}.new`, path);
  return Journal.open(path, file, header, frameSeal(vault));
}

function vaultParameters(kdf: FileStoreOptions["kdf"]): VaultParameters {
  return kdf ? { passes: kdf.opslimit, memoryBytes: kdf.memlimitBytes } : defaultVaultParameters;
}

async function readJournal(path: string, passphrase: string): Promise<Journal> {
  const { file, vaultHeader } = await JournalFile.open(path);
  try {
    return await Journal.open(path, file, vaultHeader, frameSeal(unlockVault(vaultHeader, passphrase)));
  } catch (error) {
    await file.letGo();
    throw error;
  }
}

function unlockVault(header: Uint8Array, passphrase: string): Vault {
  try {
    return openVault(header, passphrase);
  } catch (cause) {
    throw new SottoError("store-unreadable", { detail: "The passphrase is wrong, or the store is damaged.", cause });
  }
}

function frameSeal(vault: Vault): FrameSeal {
  return {
    seal: (place, bytes) => vault.seal(sealedTable, place, bytes),
    open: (place, sealed) => vault.open(sealedTable, place, sealed),
    forget: () => vault.close(),
  };
}

function openJournal(journal: Journal, lock: FolderLock): OpenClientStore {
  const queue = new WriteQueue(journal);
  let closing: Promise<void> | undefined;
  const mustBeOpen = () => {
    if (closing) throw new SottoError("closed", { detail: "The store has been closed." });
  };
  const finish = async () => {
    const { isSound } = await queue.drain();
    try {
      await (isSound ? journal.close() : journal.abandon());
    } finally {
      await lock.release();
    }
  };
  return {
    async get(table, id) {
      mustBeOpen();
      return journal.get(table, id);
    },
    async list(table, options) {
      mustBeOpen();
      return journal.list(table, options);
    },
    async write(changes) {
      mustBeOpen();
      checkChanges(changes);
      if (changes.length === 0) return;
      const batch = encodeBatch(changes);
      if (batch.length > maxBatchBytes) throw new SottoError("too-large");
      await queue.write(batch);
    },
    async close() {
      await (closing ??= finish());
    },
  };
}
