import type { FramedContentCommit } from "ts-mls/framedContent.js";
import type { Proposal } from "ts-mls/proposal.js";
import type { PublicMessage } from "ts-mls/publicMessage.js";
import { encodeMlsMessage } from "ts-mls/message.js";
import { SottoError } from "../protocol/errors.ts";
import { limits } from "../protocol/limits.ts";
import type { GroupPolicy } from "./group-policy.ts";
import { policyOfExtensions } from "./group-policy.ts";
import type { GroupPlace } from "./group-id.ts";
import { decodeGroupId } from "./group-id.ts";
import type { InspectedKeyPackage } from "./key-package-inspection.ts";
import { inspectDecodedKeyPackage, inspectLeaf, keyPackageHash } from "./key-package-inspection.ts";
import type { DeviceCredential } from "./device-credential.ts";
import { decodeMlsStrictly } from "./mls-decoding.ts";
import { toHex } from "../protocol/equal-bytes.ts";
import { sodiumReady } from "./sodium.ts";

export { inspectKeyPackage } from "./key-package-inspection.ts";
export { nextLeaves } from "./next-leaves.ts";

/** A device that a commit adds. `keyPackageHash`: as `inspectKeyPackage` gives it for the package that was claimed. */
export type InspectedAdd = Pick<InspectedKeyPackage, "credential" | "deviceKey" | "suite"> & {
  readonly keyPackageHash: Uint8Array;
};

/**
 * What can be known of a commit without the group's secrets. `epoch`: the one it ends. The signature is not checked: it
 * covers the group context, which only members have.
 */
export interface InspectedCommit extends GroupPlace {
  readonly epoch: number;
  readonly senderLeaf: number;
  readonly adds: readonly InspectedAdd[];
  readonly removes: readonly number[];
  readonly hasPath: boolean;
  /** The credential and key in the committer's new leaf, where there is a path. */
  readonly pathLeaf?: { readonly credential: DeviceCredential; readonly deviceKey: Uint8Array };
  /** The new policy, where the commit changes it; it does nothing else then. */
  readonly policy?: GroupPolicy;
}

/**
 * Takes a commit (an MLSMessage) apart. Throws `commit-invalid` for anything but a PublicMessage of a member whose commit
 * has inline Add, Remove and GroupContextExtensions only, a path where one is due, and valid key packages and credentials;
 * and for GroupContextExtensions that are not one well-formed policy, or do not stand alone, without a path.
 */
export async function inspectCommit(bytes: Uint8Array): Promise<InspectedCommit> {
  await sodiumReady();
  try {
    if (bytes.length > limits.handshakeBytes) throw new RangeError("too long");
    const message = decodeMlsStrictly(bytes);
    if (message.wireformat !== "mls_public_message") throw new TypeError("not a PublicMessage");
    return await inspectPublicMessage(message.publicMessage);
  } catch (cause) {
    throw new SottoError("commit-invalid", { cause });
  }
}

async function inspectPublicMessage(message: PublicMessage): Promise<InspectedCommit> {
  const { content } = message;
  if (content.contentType !== "commit") throw new TypeError("not a commit");
  if (content.sender.senderType !== "member") throw new TypeError("not by a member");
  const proposals = inlineProposals(content);
  const removes = proposals.flatMap((proposal) =>
    proposal.proposalType === "remove" ? [proposal.remove.removed] : [],
  );
  const adds = await inspectAdds(proposals);
  const { path } = content.commit;
  requireSoundChanges(content.sender.leafIndex, removes, adds);
  const policy = inspectPolicy(proposals);
  if (policy && path) throw new TypeError("a change of policy has no path");
  if (!path && (proposals.length === 0 || removes.length > 0)) throw new TypeError("a path is due");
  return {
    ...decodeGroupId(content.groupId),
    epoch: epochNumber(content.epoch),
    senderLeaf: content.sender.leafIndex,
    adds,
    removes,
    hasPath: path !== undefined,
    ...(path && {
      pathLeaf: { credential: inspectLeaf(path.leafNode), deviceKey: path.leafNode.signaturePublicKey.slice() },
    }),
    ...(policy && { policy }),
  };
}

/** The proposals of a commit, if all stand in it and are of the kinds that we use. */
function inlineProposals(content: FramedContentCommit): Proposal[] {
  return content.commit.proposals.map((item) => {
    if (item.proposalOrRefType !== "proposal") throw new TypeError("a proposal by reference");
    const type = item.proposal.proposalType;
    if (type !== "add" && type !== "remove" && type !== "group_context_extensions") {
      throw new TypeError("a proposal of another kind");
    }
    return item.proposal;
  });
}

async function inspectAdds(proposals: readonly Proposal[]): Promise<InspectedAdd[]> {
  const adds: InspectedAdd[] = [];
  for (const proposal of proposals) {
    if (proposal.proposalType !== "add") continue;
    const { keyPackage } = proposal.add;
    const { credential, deviceKey, suite } = await inspectDecodedKeyPackage(keyPackage);
    const published = encodeMlsMessage({ version: "mls10", wireformat: "mls_key_package", keyPackage });
    adds.push({ credential, deviceKey, suite, keyPackageHash: keyPackageHash(published) });
  }
  return adds;
}

/** The library seals a path under the old extensions and opens it under the new ones: nobody could follow a mixed commit. */
function inspectPolicy(proposals: readonly Proposal[]): GroupPolicy | undefined {
  const changes = proposals.flatMap((proposal) =>
    proposal.proposalType === "group_context_extensions" ? [proposal.groupContextExtensions.extensions] : [],
  );
  const [extensions] = changes;
  if (!extensions) return undefined;
  if (proposals.length > 1) throw new TypeError("a policy is changed by itself");
  const policy = policyOfExtensions(extensions);
  if (!policy) throw new TypeError("a policy cannot be taken away");
  return policy;
}

function requireSoundChanges(sender: number, removes: readonly number[], adds: readonly InspectedAdd[]): void {
  if (adds.length > limits.addsPerCommit) throw new RangeError("too many Adds");
  if (removes.includes(sender)) throw new TypeError("a committer cannot remove itself");
  requireDistinct(removes);
  requireDistinct(adds.map((add) => add.credential.device));
  requireDistinct(adds.map((add) => toHex(add.deviceKey)));
}

function requireDistinct(items: readonly (string | number)[]): void {
  if (new Set(items).size !== items.length) throw new TypeError("the same thing twice");
}

function epochNumber(epoch: bigint): number {
  if (epoch > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError("epoch");
  return Number(epoch);
}
