import { openVault, type Vault, type VaultSecret } from "../../../crypto/record-sealing.ts";
import { SottoError } from "../../../protocol/errors.ts";
import type { FrameSeal } from "./frame-log.ts";

/** What frames are sealed as, in the vault's terms. */
const sealedTable = "journal";

export function frameSeal(vault: Vault): FrameSeal {
  return {
    seal: (place, bytes) => vault.seal(sealedTable, place, bytes),
    open: (place, sealed) => vault.open(sealedTable, place, sealed),
    forget: () => vault.close(),
  };
}

/** Error: `store-unreadable`, which says what a person may have done wrong. */
export function openVaultAgain(header: Uint8Array, secret: VaultSecret): Vault {
  try {
    return openVault(header, secret);
  } catch (cause) {
    const what = typeof secret === "string" ? "passphrase" : "key";
    throw new SottoError("store-unreadable", { detail: `The ${what} is wrong, or the store is damaged.`, cause });
  }
}
