import type { Commit } from "ts-mls/commit.js";
import { filterNewLeaves } from "ts-mls/createCommit.js";
import type { CiphersuiteImpl } from "ts-mls/crypto/ciphersuite.js";
import type { KeyPackage } from "ts-mls/keyPackage.js";
import type { LeafNode } from "ts-mls/leafNode.js";
import { encodeLeafNode } from "ts-mls/leafNode.js";
import type { RatchetTree } from "ts-mls/ratchetTree.js";
import { addLeafNode, filteredDirectPathAndCopathResolution, removeLeafNode } from "ts-mls/ratchetTree.js";
import { directPath, leafToNodeIndex, leafWidth, toLeafIndex } from "ts-mls/treemath.js";
import { equalBytes, toHex } from "../../protocol/equal-bytes.ts";
import { nextLeaves } from "../../identity/next-leaves.ts";
import { require } from "./roster-rules.ts";

/** A commit taken apart, and where it comes from. */
export interface CommitChange {
  readonly senderLeaf: number;
  readonly adds: readonly KeyPackage[];
  readonly removes: readonly number[];
  readonly path: Commit["path"];
}

export function changeOf(senderLeaf: number, commit: Commit): CommitChange {
  const adds: KeyPackage[] = [];
  const removes: number[] = [];
  for (const item of commit.proposals) {
    require(item.proposalOrRefType === "proposal", "proposals are inline");
    const { proposal } = item;
    if (proposal.proposalType === "add") adds.push(proposal.add.keyPackage);
    else if (proposal.proposalType === "remove") removes.push(proposal.remove.removed);
    else require(proposal.proposalType === "group_context_extensions", "only Add, Remove and a policy change a group");
  }
  return { senderLeaf, adds, removes, path: commit.path };
}

/** No key stands in two nodes, for one purpose or for two. */
export function requireDistinctKeys(tree: RatchetTree, adds: readonly KeyPackage[] = []): void {
  const seen = new Set<string>();
  const take = (key: Uint8Array) => {
    const name = toHex(key);
    require(!seen.has(name), "no node has another's key");
    seen.add(name);
  };
  for (const node of tree) {
    if (node?.nodeType === "leaf") {
      take(node.leaf.hpkePublicKey);
      take(node.leaf.signaturePublicKey);
    } else if (node) take(node.parent.hpkePublicKey);
  }
  for (const added of adds) take(added.initKey);
}

/** The update path has a node for each of the filtered direct path, and a ciphertext for each who must read it. */
export function requireWellFormedPath(before: RatchetTree, change: CommitChange, primitives: CiphersuiteImpl): void {
  const { path, senderLeaf } = change;
  if (!path) return;
  const [tree, newNodes] = afterProposals(before, change);
  const steps = filteredDirectPathAndCopathResolution(toLeafIndex(senderLeaf), tree);
  require(path.nodes.length === steps.length, "the path has the length of the filtered direct path");
  for (const [index, node] of path.nodes.entries()) {
    const readers = filterNewLeaves(steps[index]!.resolution, newNodes);
    require(node.encryptedPathSecret.length === readers.length, "each reader of a path secret has a ciphertext");
    require(node.hpkePublicKey.length === path.leafNode.hpkePublicKey.length, "path keys have the suite's length");
    const ciphertextLength = primitives.kdf.size + 16;
    const isSound = node.encryptedPathSecret.every(({ ciphertext }) => ciphertext.length === ciphertextLength);
    require(isSound, "path secrets have the suite's length");
  }
  requireFreshPathKeys(before, change);
}

function requireFreshPathKeys(before: RatchetTree, { path, adds }: CommitChange): void {
  if (!path) return;
  const old = before.flatMap((node) =>
    node?.nodeType === "leaf"
      ? [node.leaf.hpkePublicKey, node.leaf.signaturePublicKey]
      : node
        ? [node.parent.hpkePublicKey]
        : [],
  );
  const known = new Set([...old, ...adds.flatMap((add) => [add.initKey, add.leafNode.hpkePublicKey])].map(toHex));
  for (const key of [path.leafNode.hpkePublicKey, ...path.nodes.map((node) => node.hpkePublicKey)]) {
    require(!known.has(toHex(key)), "a path brings new keys only");
    known.add(toHex(key));
  }
}

function afterProposals(
  before: RatchetTree,
  change: CommitChange,
): [RatchetTree, ReturnType<typeof leafToNodeIndex>[]] {
  let tree = before;
  const newNodes: ReturnType<typeof leafToNodeIndex>[] = [];
  for (const leaf of change.removes) tree = removeLeafNode(tree, toLeafIndex(leaf));
  for (const add of change.adds) {
    const [grown, node] = addLeafNode(tree, add.leafNode);
    tree = grown;
    newNodes.push(node);
  }
  return [tree, newNodes];
}

/** The committer's new leaf differs from its old one in its encryption key and what follows from it, in nothing else. */
export function requireSameCommitter(before: LeafNode, after: LeafNode): void {
  const isSame =
    equalBytes(before.signaturePublicKey, after.signaturePublicKey) &&
    before.credential.credentialType === "basic" &&
    after.credential.credentialType === "basic" &&
    equalBytes(before.credential.identity, after.credential.identity);
  require(isSame, "a committer keeps its credential and its signature key");
  const sameCapabilities = equalBytes(encodeComparable(before), encodeComparable(after));
  require(sameCapabilities, "a committer keeps its capabilities");
}

/** Two leaves with equal `encodeComparable` differ at most in encryption key, source and signature. */
function encodeComparable(leaf: LeafNode): Uint8Array {
  return encodeLeafNode({
    leafNodeSource: "update",
    hpkePublicKey: new Uint8Array(),
    signaturePublicKey: leaf.signaturePublicKey,
    credential: leaf.credential,
    capabilities: leaf.capabilities,
    extensions: leaf.extensions,
    signature: new Uint8Array(),
  });
}

/** Compares the tree before and after: every node is what the proposals and the path say, and nothing else has changed. */
export function requireOnlyAnnouncedChanges(before: RatchetTree, after: RatchetTree, change: CommitChange): void {
  const expected = expectedLeaves(before, change);
  for (let leaf = 0; leaf * 2 < Math.max(after.length, expected.length * 2); leaf++) {
    const node = after[leaf * 2];
    require(node?.nodeType !== "parent", "leaves stand at even places");
    const found = node?.nodeType === "leaf" ? node.leaf : undefined;
    require(isSameLeaf(expected[leaf] ?? undefined, found), "a leaf is what the proposals and the path say");
  }
  requireAnnouncedParents(before, after, change);
}

function expectedLeaves(before: RatchetTree, change: CommitChange): (LeafNode | null)[] {
  const leaves: (LeafNode | null)[] = [];
  for (let index = 0; index < before.length; index += 2) {
    const node = before[index];
    leaves.push(node?.nodeType === "leaf" ? node.leaf : null);
  }
  const added = change.adds.map((add) => add.leafNode);
  const expected = nextLeaves(leaves, change.removes, added);
  if (change.path) expected[change.senderLeaf] = change.path.leafNode;
  return expected;
}

function isSameLeaf(one: LeafNode | undefined, other: LeafNode | undefined): boolean {
  if (one === other) return true;
  return one !== undefined && other !== undefined && equalBytes(encodeLeafNode(one), encodeLeafNode(other));
}

function requireAnnouncedParents(before: RatchetTree, after: RatchetTree, change: CommitChange): void {
  const blanked = new Set<number>(change.removes.flatMap((leaf) => pathOf(leaf, before)));
  const ofCommitter = new Set<number>(change.path ? pathOf(change.senderLeaf, after) : []);
  const fresh = new Set(change.path?.nodes.map((node) => toHex(node.hpkePublicKey)));
  for (let index = 1; index < Math.max(before.length, after.length); index += 2) {
    const node = after[index];
    require(node?.nodeType !== "leaf", "parents stand at odd places");
    if (ofCommitter.has(index)) {
      const isSent = node?.nodeType !== "parent" || fresh.has(toHex(node.parent.hpkePublicKey));
      require(isSent, "the committer's path is the path it sent");
      continue;
    }
    const old = before[index];
    if (blanked.has(index)) require(!node, "who is removed leaves no key behind");
    else require(isSameParent(old, node), "a parent that nobody touched stays");
  }
}

function isSameParent(old: RatchetTree[number], node: RatchetTree[number]): boolean {
  if (old?.nodeType !== "parent" || node?.nodeType !== "parent") return old === node;
  const isSameKey = equalBytes(old.parent.hpkePublicKey, node.parent.hpkePublicKey);
  const isSameHash = equalBytes(old.parent.parentHash, node.parent.parentHash);
  return (
    isSameKey && isSameHash && old.parent.unmergedLeaves.every((leaf) => node.parent.unmergedLeaves.includes(leaf))
  );
}

function pathOf(leaf: number, tree: RatchetTree): number[] {
  return directPath(leafToNodeIndex(toLeafIndex(leaf)), leafWidth(tree.length));
}
