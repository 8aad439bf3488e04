import { createGroup } from "ts-mls/clientState.js";
import { encodeGroupId } from "../../identity/group-id.ts";
import type { GroupPlace } from "../../identity/group-id.ts";
import type { DeviceIdentity } from "../group-engine.ts";
import { createKeyPackage, decodeKeyPackage, decodePrivateKeyPackage } from "../key-package.ts";
import { suiteImplementation } from "../provider.ts";
import { clientConfig } from "./configuration.ts";
import type { MlsGroup } from "./mls-group.ts";
import { enterEpoch } from "./next-epoch.ts";

/** A group at epoch 0 with this device alone at leaf 0. */
export async function createMlsGroup(
  identity: DeviceIdentity,
  place: GroupPlace & { readonly suite: number },
): Promise<MlsGroup> {
  const primitives = await suiteImplementation(place.suite);
  const pair = await createKeyPackage(identity, place.suite);
  const privatePackage = decodePrivateKeyPackage(pair.privateBytes, identity.deviceSecretKey);
  const publicPackage = decodeKeyPackage(pair.publicBytes);
  const state = await createGroup(encodeGroupId(place), publicPackage, privatePackage, [], primitives, clientConfig);
  return enterEpoch(state, primitives);
}
