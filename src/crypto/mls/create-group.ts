import { createGroup } from "ts-mls/clientState.js";
import { encodeGroupId } from "../../identity/group-id.ts";
import type { GroupPlace } from "../../identity/group-id.ts";
import type { GroupPolicy } from "../../identity/group-policy.ts";
import { extensionsOfPolicy } from "../../identity/group-policy.ts";
import { requireAllowedByPolicy } from "../../identity/policy-rules.ts";
import type { DeviceIdentity } from "../group-engine.ts";
import { createKeyPackage, decodeKeyPackage, decodePrivateKeyPackage } from "../key-package.ts";
import { suiteImplementation } from "../provider.ts";
import { clientConfig } from "./configuration.ts";
import type { MlsGroup } from "./mls-group.ts";
import { enterEpoch } from "./next-epoch.ts";

/** A group at epoch 0 with this device alone at leaf 0. Throws `commit-invalid` for a policy that it may not found the first generation with. */
export async function createMlsGroup(
  identity: DeviceIdentity,
  place: GroupPlace & { readonly suite: number },
  policy?: GroupPolicy,
): Promise<MlsGroup> {
  const primitives = await suiteImplementation(place.suite);
  const pair = await createKeyPackage(identity, place.suite);
  const privatePackage = decodePrivateKeyPackage(pair.privateBytes, identity.deviceSecretKey);
  const publicPackage = decodeKeyPackage(pair.publicBytes);
  const extensions = policy ? extensionsOfPolicy(policy) : [];
  const groupId = encodeGroupId(place);
  const state = await createGroup(groupId, publicPackage, privatePackage, extensions, primitives, clientConfig);
  const group = await enterEpoch(state, primitives);
  // A later generation has the roles of the one before: who may found it is not for the engine to say.
  if (policy && place.generation === 1) requireFounding(group);
  return group;
}

/** As a node will judge the first commit, which brings this policy. */
function requireFounding({ suite, members, policy }: MlsGroup): void {
  const change = { committer: members[0]!.user, adds: [], removes: [], newPolicy: policy, leavers: [], replaced: [] };
  requireAllowedByPolicy({ policy: undefined, suite, members, ...change });
}
