const encoder = new TextEncoder();

/** Writes the binary forms of Sotto: big-endian integers and length-prefixed bytes, nothing optional or implied. */
export class ByteWriter {
  private bytes = new Uint8Array(256);
  private length = 0;

  u8(value: number): this {
    return this.integer(value, 1);
  }

  u16(value: number): this {
    return this.integer(value, 2);
  }

  u32(value: number): this {
    return this.integer(value, 4);
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
    return this.opaque(encoder.encode(value));
  }

  /** A copy of what has been written. */
  finish(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }

  /** Two halves: a bigint for each number is what made signing and hashing slow. */
  private safeInteger(value: number): this {
    if (!Number.isSafeInteger(value)) throw new RangeError("not a safe integer");
    if (value < 0) throw new RangeError("does not fit in 64 bits");
    const high = Math.floor(value / 2 ** 32);
    return this.integer(high, 4).integer(value - high * 2 ** 32, 4);
  }

  private integer(value: number, size: 1 | 2 | 4): this {
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** (size * 8)) {
      throw new RangeError(`does not fit in ${size * 8} bits`);
    }
    const at = this.reserve(size);
    for (let index = 0; index < size; index++) this.bytes[at + index] = (value >>> ((size - 1 - index) * 8)) & 0xff;
    return this;
  }

  private reserve(size: number): number {
    const at = this.length;
    this.length += size;
    if (this.length > this.bytes.length) {
      const grown = new Uint8Array(Math.max(this.length, this.bytes.length * 2));
      grown.set(this.bytes);
      this.bytes.fill(0);
      this.bytes = grown;
    }
    return at;
  }
}
