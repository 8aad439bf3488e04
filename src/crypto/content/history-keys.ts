import { ByteReader } from "../../protocol/byte-reader.ts";
import { ByteWriter } from "../../protocol/byte-writer.ts";
import { deviceId, idFromBytes, idToBytes, userId, type DeviceId, type UserId } from "../../protocol/ids.ts";
import { tags, textField, textIn, type ContentCodec } from "./fields.ts";

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

export const historyKeysCodec: ContentCodec<HistoryKeysContent> = {
  code: 129,
  required: [tags.text, tags.sealed, tags.recipients],
  optional: [],
  encode: ({ user, sealed, recipients }) => [
    textField(user),
    [tags.sealed, sealed],
    [tags.recipients, encodeRecipients(recipients)],
  ],
  decode: (fields, sentAt) => ({
    kind: "history-keys",
    user: userId.parse(textIn(fields)),
    sentAt,
    sealed: fields.get(tags.sealed)!,
    recipients: decodeRecipients(fields.get(tags.recipients)!),
  }),
};

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
