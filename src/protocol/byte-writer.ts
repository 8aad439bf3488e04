const encoder = new TextEncoder();
/** Up to this many characters a loop is faster than the encoder. */
const shortText = 64;

/** Writes the binary forms of Sotto: big-endian integers and length-prefixed bytes, nothing optional or implied. */
export class ByteWriter {
  private bytes: Uint8Array;
  private written = 0;

  /** `capacity`: how many bytes there is room for before it has to grow; where all of it is used, `finish` copies nothing. */
  constructor(capacity = 256) {
    this.bytes = new Uint8Array(capacity);
  }

  /** How many bytes have been written. */
  get length(): number {
    return this.written;
  }

  u8(value: number): this {
    requireUnsigned(value, 8);
    const at = this.reserve(1);
    this.bytes[at] = value;
    return this;
  }

  u16(value: number): this {
    requireUnsigned(value, 16);
    const at = this.reserve(2);
    this.bytes[at] = value >>> 8;
    this.bytes[at + 1] = value;
    return this;
  }

  u32(value: number): this {
    requireUnsigned(value, 32);
    const at = this.reserve(4);
    const { bytes } = this;
    bytes[at] = value >>> 24;
    bytes[at + 1] = value >>> 16;
    bytes[at + 2] = value >>> 8;
    bytes[at + 3] = value;
    return this;
  }

  /** A number must be a safe integer; a bigint below 2^64. */
  u64(value: number | bigint): this {
    if (typeof value === "number") return this.safeInteger(value);
    const wide = value;
    if (wide < 0n || wide > 0xffff_ffff_ffff_ffffn) throw new RangeError("does not fit in 64 bits");
    const at = this.reserve(8);
    new DataView(this.bytes.buffer).setBigUint64(at, wide);
    return this;
  }

  /** Bytes as they are: their length is known to the reader. */
  fixed(value: Uint8Array): this {
    const at = this.reserve(value.length);
    this.bytes.set(value, at);
    return this;
  }

  /** Bytes behind their length as u32. */
  opaque(value: Uint8Array): this {
    return this.u32(value.length).fixed(value);
  }

  /** Text as UTF-8 behind its length in bytes as u32. */
  text(value: string): this {
    const isWritten = value.length <= shortText ? this.ascii(value) : this.encoded(value);
    return isWritten ? this : this.opaque(encoder.encode(value));
  }

  /** What has been written. The last call: the bytes are the caller's from now on. */
  finish(): Uint8Array {
    return this.written === this.bytes.length ? this.bytes : this.bytes.slice(0, this.written);
  }

  /** What most texts are, ids before all, without a call of the encoder. False, and nothing written, where it is something else. */
  private ascii(value: string): boolean {
    const { written: before } = this;
    const at = this.u32(value.length).reserve(value.length);
    const { bytes } = this;
    for (let index = 0; index < value.length; index++) {
      const code = value.charCodeAt(index);
      if (code > 0x7f) {
        this.written = before;
        return false;
      }
      bytes[at + index] = code;
    }
    return true;
  }

  /** Straight into its place, where each character takes one byte. False, and nothing written, where it is something else. */
  private encoded(value: string): boolean {
    const { written: before } = this;
    const at = this.u32(value.length).reserve(value.length);
    const { read, written } = encoder.encodeInto(value, this.bytes.subarray(at, this.written));
    const isAscii = read === value.length && written === value.length;
    if (!isAscii) this.written = before;
    return isAscii;
  }

  /** Two halves: a bigint for each number is what made signing and hashing slow. */
  private safeInteger(value: number): this {
    if (!Number.isSafeInteger(value)) throw new RangeError("not a safe integer");
    if (value < 0) throw new RangeError("does not fit in 64 bits");
    const high = Math.floor(value / 2 ** 32);
    return this.u32(high).u32(value - high * 2 ** 32);
  }

  private reserve(size: number): number {
    const at = this.written;
    this.written += size;
    if (this.written > this.bytes.length) {
      const grown = new Uint8Array(Math.max(this.written, this.bytes.length * 2));
      grown.set(this.bytes);
      this.bytes.fill(0);
      this.bytes = grown;
    }
    return at;
  }
}

function requireUnsigned(value: number, bits: 8 | 16 | 32): void {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** bits) throw new RangeError(`does not fit in ${bits} bits`);
}
