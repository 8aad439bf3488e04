import type { MLSMessage } from "ts-mls/message.js";
import { decodeMlsMessage, encodeMlsMessage } from "ts-mls/message.js";
import { MalformedBytes } from "../protocol/byte-reader.ts";
import { equalBytes } from "../protocol/equal-bytes.ts";

/**
 * The MLSMessage (RFC 9420 §6) that `bytes` spell, if they are its one canonical spelling: no trailing bytes, no padded
 * lengths, nothing the decoder passed over. Works on a copy: nothing decoded shares memory with `bytes`. Throws.
 */
export function decodeMlsStrictly(bytes: Uint8Array): MLSMessage {
  const decoded = decodeMlsMessage(bytes.slice(), 0)?.[0];
  if (!decoded) throw new MalformedBytes("not an MLS message");
  if (!equalBytes(encodeMlsMessage(decoded), bytes)) throw new MalformedBytes("not canonical");
  return decoded;
}
