import { applyProposals, nextEpochContext } from "ts-mls/clientState.js";
import type { ClientState } from "ts-mls/clientState.js";
import { encode } from "ts-mls/codec/tlsEncoder.js";
import type { CiphersuiteImpl } from "ts-mls/crypto/ciphersuite.js";
import { encryptWithLabel } from "ts-mls/crypto/hpke.js";
import { createConfirmationTag, createContentCommitSignature } from "ts-mls/framedContent.js";
import type { GroupContext } from "ts-mls/groupContext.js";
import { groupContextEncoder } from "ts-mls/groupContext.js";
import { initializeEpoch } from "ts-mls/keySchedule.js";
import type { LeafNode, LeafNodeCommit } from "ts-mls/leafNode.js";
import { signLeafNodeCommit } from "ts-mls/leafNode.js";
import { encodeMlsMessage } from "ts-mls/message.js";
import { protectPublicMessage } from "ts-mls/messageProtectionPublic.js";
import { calculateParentHash } from "ts-mls/parentHash.js";
import { getCommitSecret } from "ts-mls/pathSecrets.js";
import type { Proposal } from "ts-mls/proposal.js";
import { emptyPskIndex } from "ts-mls/pskIndex.js";
import type { RatchetTree } from "ts-mls/ratchetTree.js";
import { getHpkePublicKey } from "ts-mls/ratchetTree.js";
import { treeHashRoot } from "ts-mls/treeHash.js";
import { directPath, leafToNodeIndex, leafWidth, toLeafIndex, toNodeIndex } from "ts-mls/treemath.js";
import type { PathSecret, UpdatePath } from "ts-mls/updatePath.js";
import { createUpdatePath } from "ts-mls/updatePath.js";
import { defaultAuthenticationService } from "ts-mls/authenticationService.js";
import type { Group } from "../../src/crypto/group-engine.ts";
import { toMlsGroup } from "../../src/crypto/mls/mls-group.ts";

/** What an insider does differently from an honest member. Everything else, signatures and tags included, is made to fit. */
export interface Forgery {
  proposals?: Proposal[];
  /** Leaves the library's own checks on the sender's side out, by applying these proposals to the tree instead. */
  tree?: RatchetTree;
  leaf?: Partial<Omit<LeafNode, "leafNodeSource">>;
  signLeafWith?: Uint8Array;
  nodeKeys?: (keys: Uint8Array[]) => Uint8Array[];
  parentHash?: Uint8Array;
  path?: (path: UpdatePath) => UpdatePath;
  withoutPath?: boolean;
  signWith?: Uint8Array;
  membershipKey?: Uint8Array;
  senderLeaf?: number;
}

/** A commit by the member whose group this is, with exactly the faults of `forgery`: with none, an honest one. */
export async function forgeCommit(group: Group, forgery: Forgery = {}): Promise<Uint8Array> {
  const { state: honest, primitives } = toMlsGroup(group);
  const clientConfig = { ...honest.clientConfig, authService: defaultAuthenticationService };
  const state = { ...honest, clientConfig };
  const proposals = (forgery.proposals ?? []).map((proposal) => ({
    proposalOrRefType: "proposal" as const,
    proposal,
  }));
  const leaf = toLeafIndex(state.privatePath.leafIndex);
  const applied = forgery.tree ? { tree: forgery.tree, newNodes: [] } : await appliedTree(state, proposals, primitives);
  const made = forgery.withoutPath
    ? { tree: applied.tree, path: undefined, commitSecret: new Uint8Array(primitives.kdf.size) }
    : await forgePath(state, applied.tree, applied.newNodes, forgery, primitives);
  const path = made.path && forgery.path ? forgery.path(made.path) : made.path;
  const { framedContent, signature } = await createContentCommitSignature(
    state.groupContext,
    "mls_public_message",
    { proposals, path },
    { senderType: "member", leafIndex: forgery.senderLeaf ?? leaf },
    new Uint8Array(),
    forgery.signWith ?? state.signaturePrivateKey,
    primitives.signature,
  );
  const context = await nextEpochContext(
    contextWithExtensions(state.groupContext, forgery.proposals),
    "mls_public_message",
    framedContent,
    signature,
    await treeHashRoot(made.tree, primitives.hash),
    state.confirmationTag,
    primitives.hash,
  );
  const noPsk = new Uint8Array(primitives.kdf.size);
  const epoch = await initializeEpoch(state.keySchedule.initSecret, made.commitSecret, context, noPsk, primitives.kdf);
  const { confirmationKey } = epoch.keySchedule;
  const confirmationTag = await createConfirmationTag(
    confirmationKey,
    context.confirmedTranscriptHash,
    primitives.hash,
  );
  const publicMessage = await protectPublicMessage(
    forgery.membershipKey ?? state.keySchedule.membershipKey,
    state.groupContext,
    {
      wireformat: "mls_public_message",
      content: framedContent,
      auth: { contentType: "commit", signature, confirmationTag },
    },
    primitives,
  );
  return encodeMlsMessage({ version: "mls10", wireformat: "mls_public_message", publicMessage });
}

/** The context with the extensions that a proposal brings; as the library, which keeps the old ones where it brings none. */
function contextWithExtensions(context: GroupContext, proposals: Proposal[] = []): GroupContext {
  const extensions = proposals.flatMap((proposal) =>
    proposal.proposalType === "group_context_extensions" ? proposal.groupContextExtensions.extensions : [],
  );
  return extensions.length > 0 ? { ...context, extensions } : context;
}

async function appliedTree(
  state: ClientState,
  proposals: Parameters<typeof applyProposals>[1],
  primitives: CiphersuiteImpl,
): Promise<{ tree: RatchetTree; newNodes: ReturnType<typeof toNodeIndex>[] }> {
  const leaf = toLeafIndex(state.privatePath.leafIndex);
  const result = await applyProposals(state, proposals, leaf, emptyPskIndex, false, primitives);
  const added = result.additionalResult.kind === "memberCommit" ? result.additionalResult.addedLeafNodes : [];
  return { tree: result.tree, newNodes: added.map(([index]) => leafToNodeIndex(index)) };
}

async function forgePath(
  state: ClientState,
  before: RatchetTree,
  newNodes: ReturnType<typeof toNodeIndex>[],
  forgery: Forgery,
  primitives: CiphersuiteImpl,
): Promise<{ tree: RatchetTree; path: UpdatePath; commitSecret: Uint8Array }> {
  const leaf = toLeafIndex(state.privatePath.leafIndex);
  const { groupContext, signaturePrivateKey } = state;
  const [, honest, secrets] = await createUpdatePath(
    before,
    leaf,
    groupContext,
    signaturePrivateKey,
    primitives,
    newNodes,
  );
  const keys =
    forgery.nodeKeys?.(honest.nodes.map((node) => node.hpkePublicKey)) ??
    honest.nodes.map((node) => node.hpkePublicKey);
  const tree = await treeWithKeys(before, leaf, secrets, keys, primitives);
  const [parentHash] = await calculateParentHash(tree, leafToNodeIndex(leaf), primitives.hash);
  const leafNode: LeafNodeCommit = await signLeafNodeCommit(
    {
      ...honest.leafNode,
      ...forgery.leaf,
      leafNodeSource: "commit",
      parentHash: forgery.parentHash ?? parentHash,
      groupId: groupContext.groupId,
      leafIndex: leaf,
    },
    forgery.signLeafWith ?? signaturePrivateKey,
    primitives.signature,
  );
  tree[leafToNodeIndex(leaf)] = { nodeType: "leaf", leaf: leafNode };
  const context = {
    ...groupContext,
    epoch: groupContext.epoch + 1n,
    treeHash: await treeHashRoot(tree, primitives.hash),
  };
  const nodes = await Promise.all(
    secrets.map(async (secret, index) => ({
      hpkePublicKey: keys[index]!,
      encryptedPathSecret: await encryptFor(secret, before, context, primitives),
    })),
  );
  const top = secrets.at(-1);
  const commitSecret = top
    ? await getCommitSecret(tree, toNodeIndex(top.nodeIndex), top.secret, primitives.kdf)
    : new Uint8Array(primitives.kdf.size);
  return { tree, path: { leafNode, nodes }, commitSecret };
}

async function treeWithKeys(
  before: RatchetTree,
  leaf: ReturnType<typeof toLeafIndex>,
  secrets: PathSecret[],
  keys: Uint8Array[],
  primitives: CiphersuiteImpl,
): Promise<RatchetTree> {
  const tree = before.slice();
  for (const node of directPath(leafToNodeIndex(leaf), leafWidth(tree.length))) tree[node] = undefined;
  for (let level = secrets.length - 1; level >= 0; level--) {
    const node = toNodeIndex(secrets[level]!.nodeIndex);
    const [parentHash] = await calculateParentHash(tree, node, primitives.hash);
    tree[node] = { nodeType: "parent", parent: { hpkePublicKey: keys[level]!, unmergedLeaves: [], parentHash } };
  }
  return tree;
}

async function encryptFor(
  secret: PathSecret,
  before: RatchetTree,
  context: GroupContext,
  { hpke }: CiphersuiteImpl,
): Promise<UpdatePath["nodes"][number]["encryptedPathSecret"]> {
  return Promise.all(
    secret.sendTo.map(async (node) => {
      const key = await hpke.importPublicKey(getHpkePublicKey(before[node]!));
      const info = encode(groupContextEncoder)(context);
      const { ct, enc } = await encryptWithLabel(key, "UpdatePathNode", info, secret.secret, hpke);
      return { kemOutput: enc, ciphertext: ct };
    }),
  );
}
