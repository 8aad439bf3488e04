/** What a message says of a file: where it is, what opens it, and what people see of it. */
import { blobId, type BlobId } from "../protocol/blobs.ts";
import { ByteReader, MalformedBytes } from "../protocol/byte-reader.ts";
import { ByteWriter } from "../protocol/byte-writer.ts";
import { SottoError } from "../protocol/errors.ts";
import { limits } from "../protocol/limits.ts";
import { decodeTaggedFields, encodeTaggedFields, fieldOfLength } from "./tagged-fields.ts";

/** `key`, `hash` (BLAKE2b-256 of the blob): 32 bytes each. `size`: of the file, in bytes. `name`, `type`: the sender's word. */
export interface AttachmentContent {
  readonly blob: BlobId;
  readonly key: Uint8Array;
  readonly hash: Uint8Array;
  readonly size: number;
  readonly name: string;
  /** A media type, such as `image/png`. */
  readonly type: string;
  /** A small picture, whatever its sender made of it. */
  readonly preview?: Uint8Array;
}

const version = 1;
const tags = { blob: 1, key: 2, hash: 3, size: 4, name: 5, type: 6, preview: 7 } as const;
const { preview: previewTag, ...required } = tags;
const typePattern = /^[!-~]+(?: ?[!-~]+)*$/;

/** Throws `invalid-argument` for what no file can be called, or is too much. */
export function requireDescription({
  name,
  type,
  size,
  preview,
}: Omit<AttachmentContent, "blob" | "key" | "hash">): void {
  const refuse = (detail: string): never => {
    throw new SottoError("invalid-argument", { detail });
  };
  if (typeof name !== "string" || !isName(name)) refuse(`A name has 1 to ${limits.attachmentNameBytes} bytes.`);
  if (typeof type !== "string" || !isType(type)) refuse("A type is a media type, such as image/png.");
  if (!Number.isSafeInteger(size) || size < 0) refuse("A size is a whole number of bytes.");
  if (preview && preview.length > limits.attachmentPreviewBytes) {
    refuse(`A preview has at most ${limits.attachmentPreviewBytes} bytes.`);
  }
}

export function encodeAttachments(attachments: readonly AttachmentContent[]): Uint8Array {
  const writer = new ByteWriter();
  for (const { blob, key, hash, size, name, type, preview } of attachments) {
    const text = (value: string): Uint8Array => new TextEncoder().encode(value);
    writer.opaque(
      encodeTaggedFields(version, [
        [tags.blob, bytesOfId(blob)],
        [tags.key, key],
        [tags.hash, hash],
        [tags.size, new ByteWriter().u64(size).finish()],
        [tags.name, text(name)],
        [tags.type, text(type)],
        ...(preview ? ([[tags.preview, preview]] as const) : []),
      ]),
    );
  }
  return writer.finish();
}

/** Throws MalformedBytes, also for too many and for none. */
export function decodeAttachments(bytes: Uint8Array): AttachmentContent[] {
  const reader = new ByteReader(bytes);
  const attachments: AttachmentContent[] = [];
  while (reader.remaining > 0) attachments.push(decodeAttachment(reader.opaque()));
  if (attachments.length === 0 || attachments.length > limits.attachmentsPerMessage)
    throw new MalformedBytes("too many");
  return attachments;
}

function decodeAttachment(bytes: Uint8Array): AttachmentContent {
  const fields = decodeTaggedFields(bytes, version, { required: Object.values(required), optional: [previewTag] });
  const text = (tag: number): string =>
    new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(fields.get(tag));
  const [name, type, preview] = [text(tags.name), text(tags.type), fields.get(tags.preview)];
  if (!isName(name) || !isType(type)) throw new MalformedBytes("not a description");
  if (preview && preview.length > limits.attachmentPreviewBytes) throw new MalformedBytes("too large a preview");
  return {
    blob: idOfBytes(fieldOfLength(fields, tags.blob, 32)),
    key: fieldOfLength(fields, tags.key, 32),
    hash: fieldOfLength(fields, tags.hash, 32),
    size: new ByteReader(fieldOfLength(fields, tags.size, 8)).u64(),
    name,
    type,
    ...(preview && { preview }),
  };
}

const isType = (type: string): boolean => type.length <= limits.attachmentTypeLength && typePattern.test(type);

function isName(name: string): boolean {
  const { length } = new TextEncoder().encode(name);
  return length > 0 && length <= limits.attachmentNameBytes && !/\p{Surrogate}/u.test(name);
}

/** The id that 32 bytes stand for. */
export function idOfBytes(bytes: Uint8Array): BlobId {
  return blobId.parse(Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(""));
}

function bytesOfId(blob: BlobId): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, index) => Number.parseInt(blob.slice(2 * index, 2 * index + 2), 16));
}
