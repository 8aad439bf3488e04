import { ByteReader, MalformedBytes } from "../protocol/byte-reader.ts";
import { ByteWriter } from "../protocol/byte-writer.ts";
import { SottoError } from "../protocol/errors.ts";
import {
  deviceId,
  idFromBytes,
  idToBytes,
  messageId,
  userId,
  type DeviceId,
  type MessageId,
  type UserId,
} from "../protocol/ids.ts";
import { decodeAttachments, encodeAttachments, type AttachmentContent } from "./attachment.ts";
import { decodeTaggedFields, encodeTaggedFields, fieldOfLength } from "./tagged-fields.ts";

/** What a person wrote. `text` may be empty; `sentAt`: ms since 1970 by the sender's clock, which may be wrong. */
export interface TextContent {
  readonly kind: "text";
  readonly text: string;
  readonly sentAt: number;
  readonly replyTo?: MessageId;
  /** 1 to `limits.attachmentsPerMessage`. */
  readonly attachments?: readonly AttachmentContent[];
}

/** What a group is called; said by who may, and again to whoever is added. `name`: 1 to `groupNameBytes` bytes of UTF-8. */
export interface ProfileContent {
  readonly kind: "profile";
  readonly name: string;
  readonly sentAt: number;
}

/** `keyPackage`: hash of the one that it is sealed to, 32 bytes; `encapsulated`: 1120; `sealed`: 48, the share key. */
export interface HistoryKeysRecipient {
  readonly device: DeviceId;
  readonly keyPackage: Uint8Array;
  readonly encapsulated: Uint8Array;
  readonly sealed: Uint8Array;
}

/** What lets `user` read what was said before it joined: history keys, sealed to its devices alone. */
export interface HistoryKeysContent {
  readonly kind: "history-keys";
  readonly user: UserId;
  readonly sentAt: number;
  readonly sealed: Uint8Array;
  readonly recipients: readonly HistoryKeysRecipient[];
}

/** Something that a later version of Sotto made and this one cannot show. */
export interface UnknownContent {
  readonly kind: "unknown";
}

export type Content = TextContent | ProfileContent | HistoryKeysContent | UnknownContent;

export const groupNameBytes = 256;

const version = 1;
/** Kinds from 128 on are kept for what the system says. */
const kinds = { text: 1, profile: 128, "history-keys": 129 } as const;
/** `text` is the name of a profile, and the user whom history keys are for. */
const tags = { kind: 1, sentAt: 2, text: 3, replyTo: 4, sealed: 5, recipients: 6, attachments: 32 } as const;
/** Fields of each kind beside the first three. */
const others: Record<keyof typeof kinds, { required: number[]; optional: number[] }> = {
  text: { required: [], optional: [tags.replyTo, tags.attachments] },
  profile: { required: [], optional: [] },
  "history-keys": { required: [tags.sealed, tags.recipients], optional: [] },
};

/** Content as it is signed and sealed. Text that is not well-formed Unicode is refused with `invalid-argument`. */
export function encodeContent(content: Exclude<Content, UnknownContent>): Uint8Array {
  const { kind, sentAt } = content;
  const text = kind === "text" ? content.text : kind === "profile" ? content.name : content.user;
  const replyTo = kind === "text" ? content.replyTo : undefined;
  const attachments = kind === "text" ? content.attachments : undefined;
  if (/\p{Surrogate}/u.test(text))
    throw new SottoError("invalid-argument", { detail: "the text has a lone surrogate" });
  return encodeTaggedFields(version, [
    [tags.kind, Uint8Array.of(kinds[kind])],
    [tags.sentAt, new ByteWriter().u64(sentAt).finish()],
    [tags.text, new TextEncoder().encode(text)],
    ...(replyTo === undefined ? [] : [[tags.replyTo, idToBytes(replyTo)] as const]),
    ...(kind === "history-keys"
      ? ([
          [tags.sealed, content.sealed],
          [tags.recipients, encodeRecipients(content.recipients)],
        ] as const)
      : []),
    ...(attachments === undefined ? [] : [[tags.attachments, encodeAttachments(attachments)] as const]),
  ]);
}

/**
 * The content in bytes that were sealed. A version or kind of later days is `unknown`, whatever its fields; a known one that is
 * malformed throws `undecryptable`.
 */
export function decodeContent(bytes: Uint8Array): Content {
  try {
    const kind = kindOf(bytes);
    if (kind === "unknown") return { kind };
    const { required, optional } = others[kind];
    const all = [tags.kind, tags.sentAt, tags.text, ...required];
    const fields = decodeTaggedFields(bytes, version, { required: all, optional });
    fieldOfLength(fields, tags.kind, 1);
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(fields.get(tags.text));
    const sentAt = new ByteReader(fieldOfLength(fields, tags.sentAt, 8)).u64();
    if (kind === "profile") return { kind, name: nameOf(text), sentAt };
    if (kind === "history-keys") {
      const recipients = decodeRecipients(fields.get(tags.recipients)!);
      return { kind, user: userId.parse(text), sentAt, sealed: fields.get(tags.sealed)!, recipients };
    }
    const replyTo = fields.get(tags.replyTo);
    const attachments = fields.get(tags.attachments);
    return {
      kind,
      text,
      sentAt,
      ...(replyTo === undefined ? {} : { replyTo: decodeMessageId(replyTo) }),
      ...(attachments === undefined ? {} : { attachments: decodeAttachments(attachments) }),
    };
  } catch {
    throw new SottoError("undecryptable");
  }
}

/** Looks at version and kind alone, which come first in every version. */
function kindOf(bytes: Uint8Array): Content["kind"] {
  const reader = new ByteReader(bytes);
  if (reader.u8() !== version) return "unknown";
  if (reader.u8() !== tags.kind) throw new MalformedBytes("no kind");
  const code = reader.opaque();
  if (code.length !== 1) return "unknown";
  if (code[0] === kinds.text) return "text";
  if (code[0] === kinds.profile) return "profile";
  return code[0] === kinds["history-keys"] ? "history-keys" : "unknown";
}

function nameOf(text: string): string {
  const { length } = new TextEncoder().encode(text);
  if (length === 0 || length > groupNameBytes) throw new MalformedBytes("not a name");
  return text;
}

function encodeRecipients(recipients: readonly HistoryKeysRecipient[]): Uint8Array {
  const writer = new ByteWriter();
  for (const { device, keyPackage, encapsulated, sealed } of recipients) {
    writer.fixed(idToBytes(device)).fixed(keyPackage).fixed(encapsulated).fixed(sealed);
  }
  return writer.finish();
}

function decodeRecipients(bytes: Uint8Array): HistoryKeysRecipient[] {
  const reader = new ByteReader(bytes);
  const recipients: HistoryKeysRecipient[] = [];
  while (reader.remaining > 0) {
    const device = deviceId.parse(idFromBytes(reader.fixed(16)));
    recipients.push({
      device,
      keyPackage: reader.fixed(32),
      encapsulated: reader.fixed(1120),
      sealed: reader.fixed(48),
    });
  }
  return recipients;
}

function decodeMessageId(bytes: Uint8Array): MessageId {
  const parsed = bytes.length === 16 ? messageId.safeParse(idFromBytes(bytes)) : undefined;
  if (!parsed?.success) throw new MalformedBytes("not a message id");
  return parsed.data;
}
