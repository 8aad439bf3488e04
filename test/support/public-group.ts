import { inspectCommit, nextLeaves } from "../../src/identity/handshake.ts";
import type { GroupPolicy } from "../../src/identity/group-policy.ts";
import { requireAllowedByPolicy } from "../../src/identity/policy-rules.ts";
import type { DeviceInGroup } from "../../src/identity/policy-rules.ts";
import { replacedUsers, type CertifiedDevice } from "../../src/identity/replacement-rules.ts";
import type { DeviceIdentity } from "../../src/crypto/group-engine.ts";
import { publicKeyOf } from "../../src/crypto/signing-key.ts";
import type { UserId } from "../../src/protocol/ids.ts";

type KnownDevice = DeviceInGroup & CertifiedDevice;

/** A group as a node knows it: who is at which leaf, and the policy, both from the commits alone. */
export class PublicGroup {
  leaves: (KnownDevice | null)[];
  policy: GroupPolicy | undefined;

  constructor({ user, device, deviceSecretKey, accountKey }: DeviceIdentity) {
    this.leaves = [{ user, device, deviceKey: publicKeyOf(deviceSecretKey), accountKey }];
  }

  /** Judges a commit of an admitted device and follows it. Throws as the checks do. */
  async take(commit: Uint8Array, by: DeviceIdentity, suite: number, leavers: readonly UserId[] = []): Promise<void> {
    const { adds, removes, policy, senderLeaf } = await inspectCommit(commit);
    if (this.leaves[senderLeaf]?.device !== by.device) throw new Error("another sender");
    const added = adds.map(({ credential, deviceKey }) => ({ ...credential, deviceKey }));
    const members = this.leaves.filter((leaf) => leaf !== null);
    requireAllowedByPolicy({
      policy: this.policy,
      suite,
      members,
      committer: by.user,
      adds: added,
      removes: removes.map((leaf) => this.leaves[leaf]!),
      newPolicy: policy,
      leavers,
      replaced: replacedUsers(members, added),
    });
    this.leaves = nextLeaves<KnownDevice>(this.leaves, removes, added);
    this.policy = policy ?? this.policy;
  }
}
