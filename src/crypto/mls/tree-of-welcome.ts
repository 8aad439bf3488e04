import type { CiphersuiteImpl } from "ts-mls/crypto/ciphersuite.js";
import type { GroupContext } from "ts-mls/groupContext.js";
import type { LeafNode } from "ts-mls/leafNode.js";
import { verifyLeafNodeSignature } from "ts-mls/leafNode.js";
import { verifyParentHashes } from "ts-mls/parentHash.js";
import type { RatchetTree } from "ts-mls/ratchetTree.js";
import { treeHashRoot } from "ts-mls/treeHash.js";
import { directPath, leafToNodeIndex, leafWidth, toLeafIndex } from "ts-mls/treemath.js";
import { equalBytes } from "../../protocol/equal-bytes.ts";
import { inspectLeaf } from "../../identity/key-package-inspection.ts";
import { require } from "./roster-rules.ts";
import { requireDistinctKeys } from "./tree-rules.ts";

/**
 * Checks a tree that somebody else made (RFC 9420 §12.4.3.1). Not left to the library: its rule for unmerged leaves refuses
 * trees that are sound, from five leaves on, and it never compares a new leaf's keys with the others'.
 */
export async function requireSoundTree(
  tree: RatchetTree,
  context: GroupContext,
  primitives: CiphersuiteImpl,
): Promise<void> {
  for (const [index, node] of tree.entries()) {
    if (!node) continue;
    require((node.nodeType === "leaf") === (index % 2 === 0), "leaves and parents stand in their places");
    if (node.nodeType === "leaf") await requireSoundLeaf(node.leaf, index / 2, context, primitives);
    else requireSoundUnmerged(tree, index, node.parent.unmergedLeaves);
  }
  requireDistinctKeys(tree);
  require(equalBytes(await treeHashRoot(tree, primitives.hash), context.treeHash), "the tree has the group's hash");
  require(await verifyParentHashes(tree, primitives.hash), "each parent was set by a leaf below it");
}

async function requireSoundLeaf(
  leaf: LeafNode,
  index: number,
  { groupId }: GroupContext,
  primitives: CiphersuiteImpl,
): Promise<void> {
  inspectLeaf(leaf);
  require(leaf.leafNodeSource !== "update", "leaves come by Add or by a path");
  const isSigned = await verifyLeafNodeSignature(leaf, groupId, index, primitives.signature);
  require(isSigned, "a leaf is signed by its device");
}

/** An unmerged leaf is there, below the parent, and every parent between the two names it. */
function requireSoundUnmerged(tree: RatchetTree, parent: number, unmerged: readonly number[]): void {
  for (const [position, leaf] of unmerged.entries()) {
    require(position === 0 || unmerged[position - 1]! < leaf, "unmerged leaves stand in order, each once");
    require(tree[leaf * 2] !== undefined, "an unmerged leaf is there");
    const path = directPath(leafToNodeIndex(toLeafIndex(leaf)), leafWidth(tree.length)).map(Number);
    const height = path.indexOf(parent);
    require(height !== -1, "an unmerged leaf is below its parent");
    for (const between of path.slice(0, height)) {
      const node = tree[between];
      require(node?.nodeType !== "parent" || node.parent.unmergedLeaves.includes(leaf), "parents between name it too");
    }
  }
}
