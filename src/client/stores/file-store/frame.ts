import { crc32 } from "node:zlib";
import { maxFrameBytes } from "../journal/journal-store.ts";

/**
 * How a sealed batch stands in the file: marker (4 bytes), length of the sealed bytes (u32), CRC-32 of length and sealed bytes
 * (u32), sealed bytes. The checksum tells a torn write from a wrong key; secrecy and integrity are the seal's.
 */
const marker = new Uint8Array([0x53, 0x4a, 0x46, 0x31]);
export const frameHeaderBytes = 12;

export function encodeFrame(sealed: Uint8Array): Uint8Array {
  const frame = new Uint8Array(frameHeaderBytes + sealed.length);
  const view = new DataView(frame.buffer);
  frame.set(marker);
  view.setUint32(4, sealed.length);
  view.setUint32(8, checksum(sealed, sealed.length));
  frame.set(sealed, frameHeaderBytes);
  return frame;
}

/** Length of the sealed bytes that a header announces; undefined where it is no header, or one of more than is ever written. `header`: at least 12 bytes. */
export function announcedLength(header: Uint8Array): number | undefined {
  if (header.length < frameHeaderBytes || !marker.every((byte, index) => header[index] === byte)) return undefined;
  const length = new DataView(header.buffer, header.byteOffset).getUint32(4);
  return length > maxFrameBytes ? undefined : length;
}

/** The sealed bytes of a whole frame; undefined where they are not what was written. */
export function decodeFrame(frame: Uint8Array): Uint8Array | undefined {
  const length = announcedLength(frame);
  if (length === undefined || frame.length !== frameHeaderBytes + length) return undefined;
  const sealed = frame.subarray(frameHeaderBytes);
  const expected = new DataView(frame.buffer, frame.byteOffset).getUint32(8);
  return checksum(sealed, length) === expected ? sealed : undefined;
}

/** Whether a whole frame begins anywhere in these bytes. */
export function holdsWholeFrame(bytes: Uint8Array): boolean {
  for (let at = bytes.indexOf(marker[0]!); at >= 0; at = bytes.indexOf(marker[0]!, at + 1)) {
    const length = announcedLength(bytes.subarray(at));
    if (length === undefined) continue;
    const end = at + frameHeaderBytes + length;
    if (end <= bytes.length && decodeFrame(bytes.subarray(at, end))) return true;
  }
  return false;
}

function checksum(sealed: Uint8Array, length: number): number {
  const prefix = new Uint8Array(4);
  new DataView(prefix.buffer).setUint32(0, length);
  return crc32(sealed, crc32(prefix));
}
