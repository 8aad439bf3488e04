import type { CiphersuiteImpl } from "ts-mls/crypto/ciphersuite.js";
import type { PrivateKeyPath } from "ts-mls/privateKeyPath.js";
import type { RatchetTree } from "ts-mls/ratchetTree.js";
import { getHpkePublicKey } from "ts-mls/ratchetTree.js";
import { equalBytes } from "../../protocol/equal-bytes.ts";
import { require } from "./roster-rules.ts";

const purpose = new TextEncoder().encode("sotto/1 path key check");
const probe = new Uint8Array(16).fill(0x5a);

/** The private keys whose nodes are still in the tree. The library keeps those of blanked nodes. */
export function prunePrivatePath(path: PrivateKeyPath, tree: RatchetTree): PrivateKeyPath {
  const live = Object.entries(path.privateKeys).filter(([node]) => tree[Number(node)] !== undefined);
  return { ...path, privateKeys: Object.fromEntries(live) };
}

/**
 * Checks that each private key belongs to the public key in the tree (RFC 9420 §7.5, §12.4.3.1), which the library does not:
 * else a committer could put keys in the tree that it, or nobody, can open. Keys that `known` holds were checked before.
 */
export async function requireMatchingKeys(
  path: PrivateKeyPath,
  tree: RatchetTree,
  primitives: CiphersuiteImpl,
  known?: PrivateKeyPath,
): Promise<void> {
  for (const [index, key] of Object.entries(path.privateKeys)) {
    if (known?.privateKeys[Number(index)] === key) continue;
    const node = tree[Number(index)];
    require(node !== undefined, "a private key has its node");
    await requirePair(getHpkePublicKey(node), key, primitives);
  }
}

/** What is sealed to the public key opens under the private one. */
async function requirePair(publicKey: Uint8Array, privateKey: Uint8Array, primitives: CiphersuiteImpl): Promise<void> {
  const isPair = await openOwn(publicKey, privateKey, primitives).catch(() => false);
  require(isPair, "a private key fits the public key in the tree");
}

async function openOwn(publicKey: Uint8Array, privateKey: Uint8Array, { hpke }: CiphersuiteImpl): Promise<boolean> {
  const { enc, ct } = await hpke.seal(await hpke.importPublicKey(publicKey), probe, purpose);
  const opened = await hpke.open(await hpke.importPrivateKey(privateKey), enc, ct, purpose);
  return equalBytes(opened, probe);
}
