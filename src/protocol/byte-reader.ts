/** Thrown for missing, trailing or malformed bytes. Callers turn it into the refusal that fits their object. */
export class MalformedBytes extends Error {
  override readonly name = "MalformedBytes";
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads what `ByteWriter` wrote. Every read throws `MalformedBytes` past the end; `finish` throws when bytes are left. */
export class ByteReader {
  private readonly bytes: Uint8Array;
  private at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get remaining(): number {
    return this.bytes.length - this.at;
  }

  u8(): number {
    return this.integer(1);
  }

  u16(): number {
    return this.integer(2);
  }

  u32(): number {
    return this.integer(4);
  }

  /** A u64 that must be a safe integer. */
  u64(): number {
    const high = this.u32();
    if (high >= 2 ** 21) throw new MalformedBytes("integer past 2^53");
    return high * 2 ** 32 + this.u32();
  }

  bigU64(): bigint {
    return (BigInt(this.u32()) << 32n) | BigInt(this.u32());
  }

  /** A copy of the next `length` bytes. */
  fixed(length: number): Uint8Array {
    return this.view(length).slice();
  }

  /** The next `length` bytes where they are: for who does not keep them longer than all the bytes. */
  view(length: number): Uint8Array {
    if (length > this.remaining) throw new MalformedBytes("bytes are missing");
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  /** A copy of length-prefixed bytes (u32). */
  opaque(maxLength?: number): Uint8Array {
    return this.opaqueView(maxLength).slice();
  }

  /** Length-prefixed bytes (u32) where they are. */
  opaqueView(maxLength = this.remaining): Uint8Array {
    const length = this.u32();
    if (length > maxLength) throw new MalformedBytes("field too long");
    return this.view(length);
  }

  /** Length-prefixed UTF-8; invalid sequences are refused. */
  text(maxLength?: number): string {
    const bytes = this.opaqueView(maxLength);
    try {
      return decoder.decode(bytes);
    } catch {
      throw new MalformedBytes("text is not UTF-8");
    }
  }

  finish(): void {
    if (this.remaining > 0) throw new MalformedBytes("bytes are left over");
  }

  private integer(size: number): number {
    if (size > this.remaining) throw new MalformedBytes("bytes are missing");
    let value = 0;
    for (let index = 0; index < size; index++) value = value * 256 + this.bytes[this.at + index]!;
    this.at += size;
    return value;
  }
}
