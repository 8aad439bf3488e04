import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createVault, defaultVaultParameters, type VaultParameters } from "../../crypto/record-sealing.ts";
import { sodiumReady } from "../../identity/sodium.ts";
import type { ClientStore } from "./client-store.ts";
import { JournalFile } from "./file-store/journal-file.ts";
import { lockFolder } from "./file-store/lock-file.ts";
import { frameSeal, openVaultAgain } from "./journal/frame-seal.ts";
import { openJournal } from "./journal/journal-store.ts";
import { Journal } from "./journal/journal.ts";

export interface FileStoreOptions {
  passphrase: string;
  /** What guessing a passphrase costs. Default: Argon2id with 3 passes over 256 MiB. Only read when the store is made. */
  kdf?: { opslimit: number; memlimitBytes: number };
}

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
        return openJournal(await unlockJournal(join(folder, "journal"), options), () => lock.release());
      } catch (error) {
        await lock.release();
        throw error;
      }
    },
  };
}

async function unlockJournal(path: string, options: FileStoreOptions): Promise<Journal> {
  await JournalFile.forgetDraft(path);
  try {
    return await readJournal(path, options.passphrase);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const { header, vault } = createVault(options.passphrase, vaultParameters(options.kdf));
  const file = await JournalFile.create(path, header);
  await file.publish();
  return Journal.open(file, frameSeal(vault));
}

function vaultParameters(kdf: FileStoreOptions["kdf"]): VaultParameters {
  return kdf ? { passes: kdf.opslimit, memoryBytes: kdf.memlimitBytes } : defaultVaultParameters;
}

async function readJournal(path: string, passphrase: string): Promise<Journal> {
  const { file, vaultHeader } = await JournalFile.open(path);
  try {
    return await Journal.open(file, frameSeal(openVaultAgain(vaultHeader, passphrase)));
  } catch (error) {
    await file.letGo();
    throw error;
  }
}
