import type { GenerationSecret, SecretTree } from "ts-mls/secretTree.js";
import { ByteReader, MalformedBytes } from "../../protocol/byte-reader.ts";
import { ByteWriter } from "../../protocol/byte-writer.ts";
import type { EncodedRatchets, RatchetPart } from "../group-engine.ts";
import { noRatchet, noRatchets } from "./secret-tree.ts";

/** Gives the secret tree of an epoch, for a tree with this many nodes. */
export type DecodedRatchets = (nodes: number) => SecretTree;

type EpochRatchets = readonly [bigint, SecretTree];
type NodeRatchet = readonly [number, GenerationSecret];

/** Nodes of a part: eight leaves. */
const nodesPerPart = 16;
const digits = 16;

/** The application ratchets of each epoch: of each leaf its generation, its secret, and the keys that were skipped. */
export function encodeRatchets(epochs: readonly EpochRatchets[]): Uint8Array {
  const writer = new ByteWriter().u8(1).u8(epochs.length);
  for (const [epoch, secretTree] of epochs) writeEpoch(writer, epoch, liveIn(secretTree, 0, secretTree.length));
  return writer.finish();
}

/**
 * The same in parts, each with a name of its own, and of them only those that differ from what `since` had: a message moves one.
 * A node that has not moved is the same object.
 */
export function encodeRatchetParts(
  epochs: readonly EpochRatchets[],
  since: ReadonlyMap<bigint, SecretTree>,
): EncodedRatchets {
  const names: string[] = [];
  const moved: RatchetPart[] = [];
  for (const [epoch, secretTree] of epochs) {
    const before = since.get(epoch);
    for (let first = 0; first < secretTree.length; first += nodesPerPart) {
      const live = liveIn(secretTree, first, first + nodesPerPart);
      if (live.length === 0) continue;
      const name = `${epoch.toString().padStart(digits, "0")}/${first.toString().padStart(digits, "0")}`;
      names.push(name);
      if (before?.length === secretTree.length && live.every(([node, one]) => before[node]?.application === one))
        continue;
      moved.push({ name, bytes: writeEpoch(new ByteWriter().u8(1).u8(1), epoch, live).finish() });
    }
  }
  return { names, moved };
}

/** Of one encoding, or of all parts of one. Throws MalformedBytes. */
export function decodeRatchets(...parts: readonly Uint8Array[]): Map<bigint, DecodedRatchets> {
  const epochs = new Map<bigint, NodeRatchet[]>();
  for (const bytes of parts) {
    const reader = new ByteReader(bytes);
    if (reader.u8() !== 1) throw new MalformedBytes("unknown version");
    for (let count = reader.u8(); count > 0; count--) {
      const epoch = reader.bigU64();
      const ratchets = epochs.get(epoch) ?? [];
      epochs.set(epoch, ratchets);
      for (let live = reader.u32(); live > 0; live--) ratchets.push([reader.u32(), readRatchet(reader)]);
    }
    reader.finish();
  }
  return new Map([...epochs].map(([epoch, ratchets]) => [epoch, (nodes) => toSecretTree(nodes, ratchets)]));
}

function liveIn(secretTree: SecretTree, first: number, end: number): NodeRatchet[] {
  const live: NodeRatchet[] = [];
  for (let node = first; node < Math.min(end, secretTree.length); node++) {
    const { application } = secretTree[node]!;
    if (application.secret.length > 0) live.push([node, application]);
  }
  return live;
}

function writeEpoch(writer: ByteWriter, epoch: bigint, live: readonly NodeRatchet[]): ByteWriter {
  writer.u64(epoch).u32(live.length);
  for (const [node, ratchet] of live) writeRatchet(writer.u32(node), ratchet);
  return writer;
}

function toSecretTree(nodes: number, ratchets: readonly NodeRatchet[]): SecretTree {
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
