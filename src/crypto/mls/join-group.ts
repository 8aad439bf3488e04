import { joinGroup } from "ts-mls/clientState.js";
import { emptyPskIndex } from "ts-mls/pskIndex.js";
import { decodeMlsStrictly } from "../../identity/mls-decoding.ts";
import type { DeviceIdentity, DirectPolicy, KeyPackagePair } from "../group-engine.ts";
import { decodeKeyPackage, decodePrivateKeyPackage } from "../key-package.ts";
import { suiteImplementation } from "../provider.ts";
import { clientConfig } from "./configuration.ts";
import type { MlsGroup } from "./mls-group.ts";
import { enterEpoch } from "./next-epoch.ts";
import { requireMatchingKeys } from "./private-path.ts";
import { require, requireSoundRoster } from "./roster-rules.ts";
import { requireDistinctKeys } from "./tree-rules.ts";

/** Joins by a Welcome that was made for this key package. Throws on any fault in it. */
export async function joinMlsGroup(
  identity: DeviceIdentity,
  welcomeBytes: Uint8Array,
  pair: KeyPackagePair,
  policy: DirectPolicy,
): Promise<MlsGroup> {
  const message = decodeMlsStrictly(welcomeBytes);
  require(message.wireformat === "mls_welcome", "one joins by a Welcome");
  const primitives = await suiteImplementation(pair.suite);
  const publicPackage = decodeKeyPackage(pair.publicBytes);
  const privatePackage = decodePrivateKeyPackage(pair.privateBytes, identity.deviceSecretKey);
  const state = await joinGroup(
    message.welcome,
    publicPackage,
    privatePackage,
    emptyPskIndex,
    primitives,
    undefined,
    undefined,
    clientConfig,
  );
  require(state.groupContext.extensions.length === 0, "a direct conversation has no group policy");
  requireDistinctKeys(state.ratchetTree, [publicPackage]);
  const group = await enterEpoch(state, primitives);
  requireSoundRoster(group.members, policy);
  await requireMatchingKeys(group.state.privatePath, group.state.ratchetTree, primitives);
  return group;
}
