import type { ClientState } from "ts-mls/clientState.js";
import type { CiphersuiteImpl } from "ts-mls/crypto/ciphersuite.js";
import { deriveSecret } from "ts-mls/crypto/kdf.js";
import { initializeKeySchedule } from "ts-mls/keySchedule.js";
import { createSecretTree } from "ts-mls/secretTree.js";
import { leafWidth } from "ts-mls/treemath.js";
import { MlsGroup } from "./mls-group.ts";
import { prunePrivatePath } from "./private-path.ts";
import { trimSecretTree } from "./secret-tree.ts";

/** The group at a new epoch: the library's state without what is never used again. */
export async function enterEpoch(state: ClientState, primitives: CiphersuiteImpl): Promise<MlsGroup> {
  const { ratchetTree } = state;
  const isAlone = ratchetTree.filter((node) => node?.nodeType === "leaf").length === 1;
  const secrets = isAlone ? await freshSecrets(state, primitives) : state;
  const secretTree = trimSecretTree(secrets.secretTree, ratchetTree);
  const privatePath = prunePrivatePath(state.privatePath, ratchetTree);
  return new MlsGroup({ ...state, keySchedule: secrets.keySchedule, secretTree, privatePath }, primitives);
}

/**
 * New random secrets for a device that is alone in its group. The library gives the update path of such a commit no
 * secret (a commit secret of zeros), so that those who were just removed could compute this epoch and, by it, the next.
 * Nobody else follows the commit, so nobody has to agree.
 */
async function freshSecrets(
  state: ClientState,
  primitives: CiphersuiteImpl,
): Promise<Pick<ClientState, "keySchedule" | "secretTree">> {
  const epochSecret = primitives.rng.randomBytes(primitives.kdf.size);
  const keySchedule = await initializeKeySchedule(epochSecret, primitives.kdf);
  const encryptionSecret = await deriveSecret(epochSecret, "encryption", primitives.kdf);
  const secretTree = await createSecretTree(leafWidth(state.ratchetTree.length), encryptionSecret, primitives.kdf);
  epochSecret.fill(0);
  encryptionSecret.fill(0);
  return { keySchedule, secretTree };
}
