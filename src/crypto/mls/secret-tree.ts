import type { RatchetTree } from "ts-mls/ratchetTree.js";
import type { GenerationSecret, SecretTree, SecretTreeNode } from "ts-mls/secretTree.js";

/** A ratchet that nobody uses. */
export const noRatchet: GenerationSecret = { secret: new Uint8Array(), generation: 0, unusedGenerations: {} };
export const noRatchets: SecretTreeNode = { handshake: noRatchet, application: noRatchet };

/**
 * A fresh secret tree without what is never used: inner nodes, blank leaves, and the handshake ratchets, as commits are
 * not encrypted. Zeroes what it drops.
 */
export function trimSecretTree(secretTree: SecretTree, tree: RatchetTree): SecretTree {
  return secretTree.map((node, index) => {
    node.handshake.secret.fill(0);
    if (index % 2 === 0 && tree[index]) return { handshake: noRatchet, application: node.application };
    node.application.secret.fill(0);
    return noRatchets;
  });
}
