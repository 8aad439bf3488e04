/** Reads the binary format of WebAssembly (core specification, chapter 5), from one place to the next. */
export class WasmReader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  get isAtEnd() {
    return this.at >= this.bytes.length;
  }

  byte() {
    if (this.isAtEnd) throw new Error("the WebAssembly ends too early");
    return this.bytes[this.at++];
  }

  take(length) {
    if (this.at + length > this.bytes.length) throw new Error("the WebAssembly ends too early");
    return this.bytes.subarray(this.at, (this.at += length));
  }

  unsigned() {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.byte();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }

  /** A number of any sign and size, of which nobody wants to know the value. */
  skipNumber() {
    while (this.byte() >= 128);
  }

  /** What has its length before it. */
  sized() {
    return this.take(this.unsigned());
  }

  vector(readOne) {
    return Array.from({ length: this.unsigned() }, () => readOne());
  }
}

export function unsignedBytes(value) {
  const bytes = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) + 128);
  return Uint8Array.of(...bytes, value);
}
