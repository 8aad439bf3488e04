import type { ClientState } from "ts-mls/clientState.js";
import type { CiphersuiteImpl } from "ts-mls/crypto/ciphersuite.js";
import type { RatchetTree } from "ts-mls/ratchetTree.js";
import { decodeCredential } from "../../identity/device-credential.ts";
import { decodeGroupId } from "../../identity/group-id.ts";
import type { GroupPolicy } from "../../identity/group-policy.ts";
import { policyOfExtensions } from "../../identity/group-policy.ts";
import { SottoError } from "../../protocol/errors.ts";
import type { ConversationId } from "../../protocol/ids.ts";
import type { Group, GroupMember } from "../group-engine.ts";
import { suiteCode } from "./suite-code.ts";

/** The engine's `Group`: an MLS state and what was worked out of it for its epoch. */
export class MlsGroup implements Group {
  readonly conversation: ConversationId;
  readonly generation: number;
  readonly epoch: number;
  readonly suite: number;
  readonly ownLeaf: number;
  readonly members: readonly GroupMember[];
  readonly transcriptHash: Uint8Array;
  readonly policy: GroupPolicy | undefined;
  readonly state: ClientState;
  readonly primitives: CiphersuiteImpl;
  /** The encoding of all that only a commit changes; made when it is first asked for. */
  encodedTree: Uint8Array | undefined;

  constructor(state: ClientState, primitives: CiphersuiteImpl, sameEpoch?: MlsGroup) {
    const place = sameEpoch ?? decodeGroupId(state.groupContext.groupId);
    this.conversation = place.conversation;
    this.generation = place.generation;
    this.epoch = Number(state.groupContext.epoch);
    this.suite = suiteCode(state.groupContext.cipherSuite);
    this.ownLeaf = state.privatePath.leafIndex;
    this.members = sameEpoch?.members ?? membersOf(state.ratchetTree);
    this.transcriptHash = sameEpoch?.transcriptHash ?? state.groupContext.confirmedTranscriptHash.slice();
    this.policy = sameEpoch ? sameEpoch.policy : policyOfExtensions(state.groupContext.extensions);
    this.state = state;
    this.primitives = primitives;
    const isSameKind = sameEpoch?.state.groupActiveState.kind === state.groupActiveState.kind;
    this.encodedTree = isSameKind ? sameEpoch?.encodedTree : undefined;
  }

  /** The same epoch with moved ratchets. */
  withRatchets(ratchets: Pick<ClientState, "secretTree" | "historicalReceiverData">): MlsGroup {
    return new MlsGroup({ ...this.state, ...ratchets }, this.primitives, this);
  }
}

/** The engine's own group behind the port's type. Throws when another engine made it: a fault of the program. */
export function toMlsGroup(group: Group): MlsGroup {
  if (!(group instanceof MlsGroup)) throw new TypeError("a group of another engine");
  return group;
}

/** As `toMlsGroup`, for a group that must be able to go on. Throws `not-a-member` when this device was removed. */
export function toActiveGroup(group: Group): MlsGroup {
  const mls = toMlsGroup(group);
  if (mls.state.groupActiveState.kind !== "active") throw new SottoError("not-a-member");
  return mls;
}

/** The members by leaf. Throws MalformedBytes for a credential that is not ours. */
export function membersOf(tree: RatchetTree): GroupMember[] {
  const members: GroupMember[] = [];
  for (let leaf = 0; leaf * 2 < tree.length; leaf++) {
    const member = memberAt(tree, leaf);
    if (member) members.push(member);
  }
  return members;
}

/** The member at a leaf of this tree, which may be another epoch's than the group stands at. */
export function memberAt(tree: RatchetTree, leaf: number): GroupMember | undefined {
  const node = tree[leaf * 2];
  if (node?.nodeType !== "leaf" || node.leaf.credential.credentialType !== "basic") return undefined;
  const credential = decodeCredential(node.leaf.credential.identity);
  return { leaf, ...credential, deviceKey: node.leaf.signaturePublicKey.slice() };
}
