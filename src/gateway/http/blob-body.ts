import type { Socket } from "node:net";
import type { BlobKeeping } from "../../actors/blob-keeping.ts";
import type { BlobRow } from "../../actors/ports/store-blobs.ts";
import type { Telemetry } from "../../actors/ports/silent-telemetry.ts";
import { SottoError } from "../../protocol/errors.ts";
import { limits } from "../../protocol/limits.ts";
import type { ByteRange } from "./byte-ranges.ts";

/** Without taking a byte for so long, a reader has gone. */
const silenceMs = 60_000;

export interface BodySource {
  keeping: BlobKeeping;
  /** Called once when nothing more is sent, however it ended. */
  release: () => void;
  telemetry: Telemetry;
}

/**
 * The bytes of a range, a part at a time and each when the one before it has been taken. The first is read before anything is answered, so
 * that what is not there is refused in words; a later one that cannot be read breaks the answer off.
 */
export async function blobBody(
  socket: Socket,
  row: BlobRow,
  range: ByteRange,
  source: BodySource,
): Promise<ReadableStream<Uint8Array>> {
  const { keeping, telemetry } = source;
  let next = range.first;
  const read = async (): Promise<Uint8Array> => {
    const start = next - (next % limits.blobPartBytes);
    const part = await keeping.readPart(row, start);
    return part.subarray(next - start, range.last + 1 - start);
  };
  let first: Uint8Array | undefined = await read();
  if (socket.destroyed) throw new SottoError("aborted");
  const giveUp = () => void socket.destroy();
  // A reader that goes away in the middle of a pull is noticed by its socket alone.
  const release = () => {
    socket.setTimeout(0).off("timeout", giveUp).off("close", release);
    source.release();
  };
  socket.setTimeout(silenceMs).once("timeout", giveUp).once("close", release);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const bytes = first ?? (await read());
          first = undefined;
          next += bytes.length;
          telemetry.metrics.count("blob_bytes", { direction: "out" }, bytes.length);
          controller.enqueue(bytes);
        } catch (error) {
          telemetry.log.warn("blob.unreadable", { error });
          release();
          return controller.error(error);
        }
        if (next <= range.last) return;
        release();
        controller.close();
      },
      cancel: release,
    },
    { highWaterMark: 0 },
  );
}
