import type { ClientState } from "ts-mls/clientState.js";
import type { Encoder } from "ts-mls/codec/tlsEncoder.js";
import { encode } from "ts-mls/codec/tlsEncoder.js";
import type { Decoder } from "ts-mls/codec/tlsDecoder.js";
import type { EpochReceiverData } from "ts-mls/epochReceiverData.js";
import { decodeGroupContext, encodeGroupContext } from "ts-mls/groupContext.js";
import { decodeKeySchedule, encodeKeySchedule } from "ts-mls/keySchedule.js";
import { decodePrivateKeyPath, privateKeyPathEncoder } from "ts-mls/privateKeyPath.js";
import { decodeRatchetTree, encodeRatchetTree } from "ts-mls/ratchetTree.js";
import type { RatchetTree } from "ts-mls/ratchetTree.js";
import type { SecretTree } from "ts-mls/secretTree.js";
import { equalBytes } from "../../protocol/equal-bytes.ts";
import { ByteReader, MalformedBytes } from "../../protocol/byte-reader.ts";
import { ByteWriter } from "../../protocol/byte-writer.ts";
import type { DeviceIdentity, EncodedGroup, EncodedRatchets, StoredGroup } from "../group-engine.ts";
import { suiteImplementation } from "../provider.ts";
import { publicKeyOf } from "../signing-key.ts";
import { clientConfig } from "./configuration.ts";
import { MlsGroup, memberAt } from "./mls-group.ts";
import { decodeRatchets, encodeRatchetParts, encodeRatchets } from "./ratchet-codec.ts";
import { noRatchet } from "./secret-tree.ts";
import { suiteCode } from "./suite-code.ts";

/** `tree`: all that only commits change, encoded once per epoch. `ratchets`: the rest, a few hundred bytes per active sender. */
export function encodeMlsGroup(group: MlsGroup): EncodedGroup {
  group.encodedTree ??= encodeEpoch(group.state);
  return { tree: group.encodedTree.slice(), ratchets: encodeRatchets(secretTreesOf(group)) };
}

/** What moved since the state that is stored, and the names of all parts. */
export function encodeMlsRatchets(group: MlsGroup, since: MlsGroup | undefined): EncodedRatchets {
  return encodeRatchetParts(secretTreesOf(group), new Map(since ? secretTreesOf(since) : []));
}

function secretTreesOf({ state }: MlsGroup): [bigint, SecretTree][] {
  const past = [...state.historicalReceiverData].map(([epoch, data]): [bigint, SecretTree] => [epoch, data.secretTree]);
  return [[state.groupContext.epoch, state.secretTree], ...past];
}

/** The group again. The device's secret key is not in the encoding. Throws MalformedBytes when the parts do not fit together. */
export async function decodeMlsGroup(encoded: StoredGroup, identity: DeviceIdentity): Promise<MlsGroup> {
  const epochPart = decodeEpoch(encoded.tree.slice());
  const parts = encoded.ratchets instanceof Uint8Array ? [encoded.ratchets] : encoded.ratchets;
  const ratchets = decodeRatchets(...parts);
  const secretTreeOf = (epoch: bigint, tree: RatchetTree): SecretTree => {
    const decoded = ratchets.get(epoch);
    if (!decoded) throw new MalformedBytes("tree and ratchets are of different epochs");
    const secretTree = decoded(tree.length);
    // A leaf without its ratchet would be sealed for under an empty secret.
    const isWhole = tree.every(
      (node, index) => node?.nodeType !== "leaf" || secretTree[index]!.application !== noRatchet,
    );
    if (!isWhole) throw new MalformedBytes("a leaf has no ratchet");
    return secretTree;
  };
  const { groupContext, ratchetTree, past, ...rest } = epochPart;
  const history = past.map((data): [bigint, EpochReceiverData] => [
    data.groupContext.epoch,
    { ...data, secretTree: secretTreeOf(data.groupContext.epoch, data.ratchetTree) },
  ]);
  const state: ClientState = {
    ...rest,
    groupContext,
    ratchetTree,
    secretTree: secretTreeOf(groupContext.epoch, ratchetTree),
    historicalReceiverData: new Map(history),
    signaturePrivateKey: identity.deviceSecretKey,
    unappliedProposals: {},
    clientConfig,
  };
  if (ratchets.size !== history.length + 1) throw new MalformedBytes("ratchets of an unknown epoch");
  requireOwner(state, identity);
  const group = new MlsGroup(state, await suiteImplementation(suiteCode(groupContext.cipherSuite)));
  group.encodedTree = encoded.tree.slice();
  return group;
}

function requireOwner(state: ClientState, identity: DeviceIdentity): void {
  const member = memberAt(state.ratchetTree, state.privatePath.leafIndex);
  const wasRemoved = state.groupActiveState.kind !== "active";
  const isOwn = member && equalBytes(member.deviceKey, publicKeyOf(identity.deviceSecretKey));
  if (!isOwn && !wasRemoved) throw new MalformedBytes("the group is another device's");
}

type EpochPart = Omit<
  ClientState,
  "secretTree" | "historicalReceiverData" | "signaturePrivateKey" | "unappliedProposals" | "clientConfig"
> & { past: Omit<EpochReceiverData, "secretTree">[] };

const encodePrivatePath: Encoder<ClientState["privatePath"]> = encode(privateKeyPathEncoder);

function encodeEpoch(state: ClientState): Uint8Array {
  const past = [...state.historicalReceiverData.values()];
  const writer = new ByteWriter()
    .u8(1)
    .u8(state.groupActiveState.kind === "active" ? 1 : 0)
    .opaque(encodeGroupContext(state.groupContext))
    .opaque(encodeKeySchedule(state.keySchedule))
    .opaque(encodeRatchetTree(state.ratchetTree))
    .opaque(encodePrivatePath(state.privatePath))
    .opaque(state.confirmationTag)
    .u8(past.length);
  for (const data of past) {
    writer
      .opaque(encodeGroupContext(data.groupContext))
      .opaque(encodeRatchetTree(data.ratchetTree))
      .opaque(data.senderDataSecret)
      .opaque(data.resumptionPsk);
  }
  return writer.finish();
}

function decodeEpoch(bytes: Uint8Array): EpochPart {
  const reader = new ByteReader(bytes);
  if (reader.u8() !== 1) throw new MalformedBytes("unknown version");
  const isActive = reader.u8() === 1;
  const part: Omit<EpochPart, "past"> = {
    groupActiveState: isActive ? { kind: "active" } : { kind: "removedFromGroup" },
    groupContext: whole(decodeGroupContext, reader.opaque()),
    keySchedule: whole(decodeKeySchedule, reader.opaque()),
    ratchetTree: whole(decodeRatchetTree, reader.opaque()),
    privatePath: whole(decodePrivateKeyPath, reader.opaque()),
    confirmationTag: reader.opaque(),
  };
  const past = Array.from({ length: reader.u8() }, () => ({
    groupContext: whole(decodeGroupContext, reader.opaque()),
    ratchetTree: whole(decodeRatchetTree, reader.opaque()),
    senderDataSecret: reader.opaque(),
    resumptionPsk: reader.opaque(),
  }));
  reader.finish();
  return { ...part, past };
}

function whole<T>(decoder: Decoder<T>, bytes: Uint8Array): T {
  const decoded = decoder(bytes, 0);
  if (!decoded || decoded[1] !== bytes.length) throw new MalformedBytes("a part of the group is damaged");
  return decoded[0];
}
