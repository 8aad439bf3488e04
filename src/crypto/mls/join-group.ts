import type { ClientState } from "ts-mls/clientState.js";
import type { CiphersuiteImpl } from "ts-mls/crypto/ciphersuite.js";
import type { GroupInfo } from "ts-mls/groupInfo.js";
import {
  ratchetTreeFromExtension,
  verifyGroupInfoConfirmationTag,
  verifyGroupInfoSignature,
} from "ts-mls/groupInfo.js";
import type { KeyPackage, PrivateKeyPackage } from "ts-mls/keyPackage.js";
import { makeKeyPackageRef } from "ts-mls/keyPackage.js";
import { deriveKeySchedule } from "ts-mls/keySchedule.js";
import { pathToRoot } from "ts-mls/pathSecrets.js";
import type { PrivateKeyPath } from "ts-mls/privateKeyPath.js";
import { mergePrivateKeyPaths, toPrivateKeyPath } from "ts-mls/privateKeyPath.js";
import type { RatchetTree } from "ts-mls/ratchetTree.js";
import { findLeafIndex } from "ts-mls/ratchetTree.js";
import { createSecretTree } from "ts-mls/secretTree.js";
import { leafToNodeIndex, leafWidth, toLeafIndex } from "ts-mls/treemath.js";
import { firstCommonAncestor } from "ts-mls/updatePath.js";
import type { Welcome } from "ts-mls/welcome.js";
import { decryptGroupInfo, decryptGroupSecrets } from "ts-mls/welcome.js";
import { decodeMlsStrictly } from "../../identity/mls-decoding.ts";
import type { ConversationPolicy, DeviceIdentity, KeyPackagePair } from "../group-engine.ts";
import { decodeKeyPackage, decodePrivateKeyPackage } from "../key-package.ts";
import { suiteImplementation } from "../provider.ts";
import { clientConfig } from "./configuration.ts";
import type { MlsGroup } from "./mls-group.ts";
import { enterEpoch } from "./next-epoch.ts";
import { requireMatchingKeys } from "./private-path.ts";
import { require, requireKind, requireSoundRoles, requireSoundRoster } from "./roster-rules.ts";
import { requireSoundTree } from "./tree-of-welcome.ts";
import { requireDistinctKeys } from "./tree-rules.ts";

/** Joins by a Welcome that was made for this key package (RFC 9420 §12.4.3.1). Throws on any fault in it. */
export async function joinMlsGroup(
  identity: DeviceIdentity,
  welcomeBytes: Uint8Array,
  pair: KeyPackagePair,
  policy: ConversationPolicy,
): Promise<MlsGroup> {
  const message = decodeMlsStrictly(welcomeBytes);
  require(message.wireformat === "mls_welcome", "one joins by a Welcome");
  const primitives = await suiteImplementation(pair.suite);
  const keyPackage = decodeKeyPackage(pair.publicBytes);
  const privateKeys = decodePrivateKeyPackage(pair.privateBytes, identity.deviceSecretKey);
  require(message.welcome.cipherSuite === keyPackage.cipherSuite, "the Welcome is of the key package's suite");
  const invitation = await openWelcome(message.welcome, keyPackage, privateKeys, primitives);
  const state = await stateOf(invitation, keyPackage, privateKeys, primitives);
  requireDistinctKeys(state.ratchetTree, [keyPackage]);
  const group = await enterEpoch(state, primitives);
  requireKind(policy.kind, group.policy);
  requireSoundRoster(group.members, policy);
  requireSoundRoles(group.members, group.policy);
  await requireMatchingKeys(group.state.privatePath, group.state.ratchetTree, primitives);
  return group;
}

interface Invitation {
  readonly info: GroupInfo;
  readonly tree: RatchetTree;
  readonly joinerSecret: Uint8Array;
  readonly pathSecret: Uint8Array | undefined;
}

async function openWelcome(
  welcome: Welcome,
  keyPackage: KeyPackage,
  privateKeys: PrivateKeyPackage,
  primitives: CiphersuiteImpl,
): Promise<Invitation> {
  const { hash, hpke, kdf } = primitives;
  const initKey = await hpke.importPrivateKey(privateKeys.initPrivateKey);
  const secrets = await decryptGroupSecrets(initKey, await makeKeyPackageRef(keyPackage, hash), welcome, hpke);
  require(secrets !== undefined && secrets.psks.length === 0, "a Welcome has secrets, and no pre-shared keys");
  const { joinerSecret, pathSecret } = secrets;
  const info = await decryptGroupInfo(welcome, joinerSecret, new Uint8Array(kdf.size), primitives);
  require(info !== undefined, "a Welcome has a GroupInfo");
  const tree = ratchetTreeFromExtension(info);
  require(tree !== undefined && info.extensions.length === 1, "a GroupInfo has the tree, and nothing else");
  await requireSoundInfo(info, tree, joinerSecret, primitives);
  require(info.groupContext.cipherSuite === keyPackage.cipherSuite, "the group is of the key package's suite");
  await requireSoundTree(tree, info.groupContext, primitives);
  return { info, tree, joinerSecret, pathSecret };
}

async function requireSoundInfo(
  info: GroupInfo,
  tree: RatchetTree,
  joinerSecret: Uint8Array,
  primitives: CiphersuiteImpl,
): Promise<void> {
  const signer = tree[info.signer * 2];
  require(signer?.nodeType === "leaf", "the signer of a GroupInfo is a member");
  const isSigned = await verifyGroupInfoSignature(info, signer.leaf.signaturePublicKey, primitives.signature);
  require(isSigned, "a GroupInfo is signed");
  const noPsk = new Uint8Array(primitives.kdf.size);
  require(await verifyGroupInfoConfirmationTag(info, joinerSecret, noPsk, primitives), "a GroupInfo is confirmed");
}

async function stateOf(
  { info, tree, joinerSecret, pathSecret }: Invitation,
  keyPackage: KeyPackage,
  privateKeys: PrivateKeyPackage,
  primitives: CiphersuiteImpl,
): Promise<ClientState> {
  const { groupContext, confirmationTag } = info;
  const privatePath = await privatePathOf(tree, info.signer, keyPackage, privateKeys, pathSecret, primitives);
  const noPsk = new Uint8Array(primitives.kdf.size);
  const [keySchedule, encryption] = await deriveKeySchedule(joinerSecret, noPsk, groupContext, primitives.kdf);
  const secretTree = await createSecretTree(leafWidth(tree.length), encryption, primitives.kdf);
  encryption.fill(0);
  joinerSecret.fill(0);
  return {
    groupContext,
    confirmationTag,
    ratchetTree: tree,
    privatePath,
    keySchedule,
    secretTree,
    signaturePrivateKey: privateKeys.signaturePrivateKey,
    unappliedProposals: {},
    historicalReceiverData: new Map(),
    groupActiveState: { kind: "active" },
    clientConfig,
  };
}

async function privatePathOf(
  tree: RatchetTree,
  signer: number,
  keyPackage: KeyPackage,
  privateKeys: PrivateKeyPackage,
  pathSecret: Uint8Array | undefined,
  primitives: CiphersuiteImpl,
): Promise<PrivateKeyPath> {
  const leaf = findLeafIndex(tree, keyPackage.leafNode);
  require(leaf !== undefined && leaf !== signer, "our leaf is in the tree, and another device invites us");
  const own = { leafIndex: leaf, privateKeys: { [leafToNodeIndex(leaf)]: privateKeys.hpkePrivateKey } };
  if (!pathSecret) return own;
  const ancestor = firstCommonAncestor(tree, leaf, toLeafIndex(signer));
  const secrets = await pathToRoot(tree, ancestor, pathSecret, primitives.kdf);
  return mergePrivateKeyPaths(await toPrivateKeyPath(secrets, leaf, primitives), own);
}
