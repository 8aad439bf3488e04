import { equalBytes } from "../protocol/equal-bytes.ts";
import { ByteReader, MalformedBytes } from "../protocol/byte-reader.ts";
import { ByteWriter } from "../protocol/byte-writer.ts";
import { SottoError } from "../protocol/errors.ts";
import { idToBytes } from "../protocol/ids.ts";
import { unwrapBodyKey, wrapBodyKey, type HistoryKey, type WrapPlace } from "./history-key.ts";
import {
  hashBody,
  openBody,
  openNamedBody,
  sealBody,
  type BodyContent,
  type BodyPlace,
  type OpenedBody,
} from "./message-body.ts";
import { equalSecrets } from "./primitives/bytes.ts";
import { decodeTaggedFields, encodeTaggedFields, fieldOfLength } from "./tagged-fields.ts";

/** The sender's place in its user's device list. `head`: 32 bytes. */
export interface DeviceListHead {
  readonly version: number;
  readonly head: Uint8Array;
}

export interface SealedMessage {
  /** What the group encrypts: it names the body and holds its key. */
  readonly plaintext: Uint8Array;
  /** Travels beside the group's ciphertext. */
  readonly body: Uint8Array;
  /** The body key under the history key, where there is one. */
  readonly wrap: Uint8Array | undefined;
  /** 32 bytes: the next message's `previousContentHash`. */
  readonly contentHash: Uint8Array;
}

export interface OpenedMessage extends OpenedBody {
  readonly deviceList: DeviceListHead;
}

const version = 1;
const types = { message: 1 } as const;
const tags = { type: 1, id: 2, number: 3, previous: 4, deviceList: 5, bodyKey: 6, bodyHash: 7 } as const;

/** Assembles a message from its content. `historyKey`: where history is kept. The group encrypts `plaintext`; nothing here touches the group's state. */
export function sealMessage(
  place: BodyPlace,
  message: BodyContent & { deviceList: DeviceListHead },
  deviceSecretKey: Uint8Array,
  historyKey?: HistoryKey,
): SealedMessage {
  const { number, previousContentHash, content, deviceList } = message;
  const { body, bodyKey, contentHash } = sealBody(place, { number, previousContentHash, content }, deviceSecretKey);
  const bodyHash = hashBody(body);
  const plaintext = encodeTaggedFields(version, [
    [tags.type, Uint8Array.of(types.message)],
    [tags.id, idToBytes(place.id)],
    [tags.number, new ByteWriter().u64(number).finish()],
    [tags.previous, previousContentHash],
    [tags.deviceList, new ByteWriter().u64(deviceList.version).fixed(deviceList.head).finish()],
    [tags.bodyKey, bodyKey],
    [tags.bodyHash, bodyHash],
  ]);
  const wrap = historyKey && wrapBodyKey(historyKey, { ...place, bodyHash }, bodyKey);
  bodyKey.fill(0);
  return { plaintext, body, wrap, contentHash };
}

/**
 * Opens a message whose group ciphertext has been opened: `plaintext` is what the sender signed in the group, and names the body.
 * `place` and `number` are what the envelope claims; message and body must agree with both. `historyKey` opens the wrap, which must
 * bring the same body key: who reads later reads the same. Throws `undecryptable`.
 */
export function openMessage(
  place: BodyPlace & { number: number },
  sealed: { plaintext: Uint8Array; body: Uint8Array; wrap?: Uint8Array | undefined },
  historyKey?: HistoryKey,
): OpenedMessage {
  const named = decodeSealed(sealed.plaintext);
  if (!equalBytes(named.id, idToBytes(place.id)) || named.number !== place.number)
    throw new SottoError("undecryptable");
  const opened = openNamedBody(place, sealed.body, named);
  if (sealed.wrap) requireSameKey(sealed.wrap, historyKey, { ...place, bodyHash: named.bodyHash }, named.bodyKey);
  if (opened.number !== named.number || !equalBytes(opened.previousContentHash, named.previousContentHash)) {
    throw new SottoError("undecryptable");
  }
  return { ...opened, deviceList: named.deviceList };
}

/**
 * Opens a message by its history key instead of the group: for a device that was added later. `sender.deviceKey` (32 bytes) is what
 * the sender's device list says. Throws `undecryptable`.
 */
export function openKeptMessage(
  place: BodyPlace & { number: number },
  { body, wrap }: { body: Uint8Array; wrap: Uint8Array },
  sender: { deviceKey: Uint8Array },
  historyKey: HistoryKey,
): BodyContent {
  const bodyKey = unwrapBodyKey(historyKey, { ...place, bodyHash: hashBody(body) }, wrap);
  const opened = openBody(place, body, { bodyKey, deviceKey: sender.deviceKey });
  bodyKey.fill(0);
  if (opened.number !== place.number) throw new SottoError("undecryptable");
  return opened;
}

/** A wrap that cannot be checked, or brings something else, would show later readers what nobody sees now. */
function requireSameKey(
  wrap: Uint8Array,
  historyKey: HistoryKey | undefined,
  place: WrapPlace,
  bodyKey: Uint8Array,
): void {
  if (!historyKey || !equalSecrets(unwrapBodyKey(historyKey, place, wrap), bodyKey))
    throw new SottoError("undecryptable");
}

function decodeSealed(plaintext: Uint8Array) {
  try {
    const fields = decodeTaggedFields(plaintext, version, { required: Object.values(tags) });
    if (fieldOfLength(fields, tags.type, 1)[0] !== types.message) throw new MalformedBytes("unknown type");
    const list = new ByteReader(fieldOfLength(fields, tags.deviceList, 40));
    return {
      id: fieldOfLength(fields, tags.id, 16),
      number: new ByteReader(fieldOfLength(fields, tags.number, 8)).u64(),
      previousContentHash: fieldOfLength(fields, tags.previous, 32),
      deviceList: { version: list.u64(), head: list.fixed(32) },
      bodyKey: fieldOfLength(fields, tags.bodyKey, 32),
      bodyHash: fieldOfLength(fields, tags.bodyHash, 32),
    };
  } catch {
    throw new SottoError("undecryptable");
  }
}
