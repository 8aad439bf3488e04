import { SottoError } from "../protocol/errors.ts";
import { decodeTaggedFields, encodeTaggedFields } from "./tagged-fields.ts";

/**
 * What an envelope carries: the group's ciphertext of the sealed message (an MLS PrivateMessage), the sealed body, and where history
 * is kept the body key, wrapped under the history key.
 */
export interface MessagePayload {
  readonly ciphertext: Uint8Array;
  readonly body: Uint8Array;
  readonly wrap?: Uint8Array | undefined;
}

const version = 1;
const tags = { ciphertext: 1, body: 2, wrap: 3 } as const;

/** The payload as it stands in the envelope. */
export function encodeMessagePayload({ ciphertext, body, wrap }: MessagePayload): Uint8Array {
  return encodeTaggedFields(version, [
    [tags.ciphertext, ciphertext],
    [tags.body, body],
    ...(wrap ? [[tags.wrap, wrap] as const] : []),
  ]);
}

/** Takes a payload apart. Throws `undecryptable` for a malformed one, and for fields that this version does not know. */
export function decodeMessagePayload(payload: Uint8Array): MessagePayload {
  try {
    const { ciphertext, body, wrap } = tags;
    const fields = decodeTaggedFields(payload, version, { required: [ciphertext, body], optional: [wrap] });
    return { ciphertext: fields.get(ciphertext)!, body: fields.get(body)!, wrap: fields.get(wrap) };
  } catch {
    throw new SottoError("undecryptable");
  }
}
