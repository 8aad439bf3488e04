/**
 * libsodium's secretstream (XChaCha20-Poly1305): a sequence of chunks, each authenticated in its place, the last one marked. A chunk that is
 * changed, moved, left out or doubled does not open, nor does anything after it.
 */
import { sodium } from "../../identity/sodium.ts";
import { SottoError } from "../../protocol/errors.ts";

/** Lengths in bytes. `overhead`: by which a sealed chunk is longer. */
export const secretstream = { keyLength: 32, headerLength: 24, overhead: 17 } as const;

/** Of `crypto_secretstream_xchacha20poly1305_state`. */
const stateLength = 52;

interface Heap {
  HEAPU8: Uint8Array;
  _free(address: number): void;
}

type StateAddress = ReturnType<ReturnType<typeof sodium>["crypto_secretstream_xchacha20poly1305_init_pull"]>;

/** A state in the memory of the WebAssembly module, which nobody else frees. */
abstract class StreamState {
  private address: StateAddress | undefined;

  /** The library derives one state from key and header for both directions: so a stream can be sealed again, to the same bytes. */
  constructor(key: Uint8Array, header: Uint8Array) {
    if (header.length !== secretstream.headerLength) throw new RangeError("a header has 24 bytes");
    this.address = sodium().crypto_secretstream_xchacha20poly1305_init_pull(header, key);
  }

  protected get state(): StateAddress {
    if (this.address === undefined) throw new Error("this stream has ended");
    return this.address;
  }

  /** Forgets the keys. Idempotent. */
  end(): void {
    if (this.address === undefined) return;
    const { libsodium } = sodium() as unknown as { libsodium: Heap };
    const address = this.address as unknown as number;
    libsodium.HEAPU8.fill(0, address, address + stateLength);
    libsodium._free(address);
    this.address = undefined;
  }
}

/** Never with a key and header that have sealed other bytes: the same place would be sealed under the same key stream twice. */
export class StreamSealer extends StreamState {
  seal(chunk: Uint8Array, isFinal: boolean): Uint8Array {
    const lib = sodium();
    const tag = isFinal
      ? lib.crypto_secretstream_xchacha20poly1305_TAG_FINAL
      : lib.crypto_secretstream_xchacha20poly1305_TAG_MESSAGE;
    return lib.crypto_secretstream_xchacha20poly1305_push(this.state, chunk, null, tag);
  }
}

export class StreamOpener extends StreamState {
  /** Throws `undecryptable`, always the same, for what is not the next chunk, or bears another mark than the first and the last do. */
  open(chunk: Uint8Array, isFinal: boolean): Uint8Array {
    const lib = sodium();
    const expected = isFinal
      ? lib.crypto_secretstream_xchacha20poly1305_TAG_FINAL
      : lib.crypto_secretstream_xchacha20poly1305_TAG_MESSAGE;
    if (chunk.length < secretstream.overhead) throw new SottoError("undecryptable");
    const opened = lib.crypto_secretstream_xchacha20poly1305_pull(this.state, chunk, null) as
      { message: Uint8Array; tag: number } | false;
    if (opened === false || opened.tag !== expected) throw new SottoError("undecryptable");
    return opened.message;
  }
}
