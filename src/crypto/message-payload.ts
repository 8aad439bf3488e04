import { SottoError } from "../protocol/errors.ts";
import { decodeTaggedFields, encodeTaggedFields } from "./tagged-fields.ts";

/** What an envelope carries: the group's ciphertext of the sealed message (an MLS PrivateMessage), and the sealed body. */
export interface MessagePayload {
  readonly ciphertext: Uint8Array;
  readonly body: Uint8Array;
}

const version = 1;
/** Tag 3 is kept for the wrapped body key; until it means something, a payload that has it is refused. */
const tags = { ciphertext: 1, body: 2 } as const;

/** The payload as it stands in the envelope. */
export function encodeMessagePayload({ ciphertext, body }: MessagePayload): Uint8Array {
  return encodeTaggedFields(version, [
    [tags.ciphertext, ciphertext],
    [tags.body, body],
  ]);
}

/** Takes a payload apart. Throws `undecryptable` for a malformed one, and for fields that this version does not know. */
export function decodeMessagePayload(payload: Uint8Array): MessagePayload {
  try {
    const fields = decodeTaggedFields(payload, version, { required: Object.values(tags) });
    return { ciphertext: fields.get(tags.ciphertext)!, body: fields.get(tags.body)! };
  } catch {
    throw new SottoError("undecryptable");
  }
}
