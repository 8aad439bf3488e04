import type { GenerationSecret, SecretTree } from "ts-mls/secretTree.js";
import { ByteReader, MalformedBytes } from "../../protocol/byte-reader.ts";
import { ByteWriter } from "../../protocol/byte-writer.ts";
import { noRatchet, noRatchets } from "./secret-tree.ts";

/** Gives the secret tree of an epoch, for a tree with this many nodes. */
export type DecodedRatchets = (nodes: number) => SecretTree;

/** The application ratchets of each epoch: of each leaf its generation, its secret, and the keys that were skipped. */
export function encodeRatchets(epochs: readonly (readonly [bigint, SecretTree])[]): Uint8Array {
  const writer = new ByteWriter().u8(1).u8(epochs.length);
  for (const [epoch, secretTree] of epochs) {
    const live = [...secretTree.entries()].filter(([, node]) => node.application.secret.length > 0);
    writer.u64(epoch).u32(live.length);
    for (const [node, { application }] of live) writeRatchet(writer.u32(node), application);
  }
  return writer.finish();
}

/** Throws MalformedBytes. */
export function decodeRatchets(bytes: Uint8Array): Map<bigint, DecodedRatchets> {
  const reader = new ByteReader(bytes);
  if (reader.u8() !== 1) throw new MalformedBytes("unknown version");
  const epochs = new Map<bigint, DecodedRatchets>();
  for (let count = reader.u8(); count > 0; count--) {
    const epoch = reader.bigU64();
    const ratchets = Array.from({ length: reader.u32() }, (): [number, GenerationSecret] => [
      reader.u32(),
      readRatchet(reader),
    ]);
    epochs.set(epoch, (nodes) => toSecretTree(nodes, ratchets));
  }
  reader.finish();
  return epochs;
}

function toSecretTree(nodes: number, ratchets: readonly (readonly [number, GenerationSecret])[]): SecretTree {
  const tree: SecretTree = Array.from({ length: nodes }, () => noRatchets);
  for (const [node, application] of ratchets) {
    if (node >= nodes) throw new MalformedBytes("a ratchet outside the tree");
    tree[node] = { handshake: noRatchet, application };
  }
  return tree;
}

function writeRatchet(writer: ByteWriter, ratchet: GenerationSecret): void {
  const skipped = Object.entries(ratchet.unusedGenerations);
  writer.u32(ratchet.generation).opaque(ratchet.secret).u16(skipped.length);
  for (const [generation, secret] of skipped) writer.u32(Number(generation)).opaque(secret);
}

function readRatchet(reader: ByteReader): GenerationSecret {
  const generation = reader.u32();
  const secret = reader.opaque();
  const unusedGenerations: Record<number, Uint8Array> = {};
  for (let count = reader.u16(); count > 0; count--) unusedGenerations[reader.u32()] = reader.opaque();
  return { secret, generation, unusedGenerations };
}
