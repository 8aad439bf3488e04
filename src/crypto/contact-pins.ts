/**
 * What a device knows of its user's contacts, as it is handed to another device of the user: in a vault, or when that is linked. Nothing
 * from before it is taken from the server again.
 */
import type { ByteReader } from "../protocol/byte-reader.ts";
import { ByteWriter } from "../protocol/byte-writer.ts";
import { userId, type UserId } from "../protocol/ids.ts";
import { concatBytes } from "./primitives/bytes.ts";

/** A contact's account key (32 bytes), and where its list stood. `head`: 32 bytes. */
export interface ContactPin {
  readonly user: UserId;
  readonly accountKey: Uint8Array;
  readonly version: number;
  readonly head: Uint8Array;
  /** A person has compared. */
  readonly confirmed: boolean;
  /** Another key was claimed, or took its place, since. */
  readonly changed: boolean;
}

/** Their count, then each. Those beyond `maxBytes` are left out from the end. */
export function encodePins(pins: readonly ContactPin[], maxBytes: number): Uint8Array {
  const encoded: Uint8Array[] = [];
  let room = maxBytes - 4;
  for (const pin of pins) {
    const bytes = encodePin(pin);
    if (bytes.length > room) break;
    room -= bytes.length;
    encoded.push(bytes);
  }
  return concatBytes(new ByteWriter().u32(encoded.length).finish(), ...encoded);
}

/** Throws for whatever is not what `encodePins` writes. */
export function readPins(reader: ByteReader): ContactPin[] {
  const pins: ContactPin[] = [];
  for (let left = reader.u32(); left > 0; left -= 1) pins.push(readPin(reader));
  return pins;
}

function encodePin({ user, accountKey, version, head, confirmed, changed }: ContactPin): Uint8Array {
  const said = (confirmed ? 1 : 0) | (changed ? 2 : 0);
  return new ByteWriter().text(user).fixed(accountKey).u64(version).fixed(head).u8(said).finish();
}

function readPin(reader: ByteReader): ContactPin {
  const [user, accountKey, version] = [userId.parse(reader.text()), reader.fixed(32), reader.u64()];
  const [head, said] = [reader.fixed(32), reader.u8()];
  return { user, accountKey, version, head, confirmed: (said & 1) !== 0, changed: (said & 2) !== 0 };
}
