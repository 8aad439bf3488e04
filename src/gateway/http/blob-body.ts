import type { Socket } from "node:net";
import type { BlobKeeping } from "../../actors/blob-keeping.ts";
import type { BlobRow } from "../../actors/ports/store-blobs.ts";
import type { Telemetry } from "../../actors/ports/silent-telemetry.ts";
import { SottoError } from "../../protocol/errors.ts";
import { limits } from "../../protocol/limits.ts";
import type { ByteRange } from "./byte-ranges.ts";
import { LeastPace, type Pace } from "./least-pace.ts";

/** Given out at once: the pace of a reader shows by when it takes the next. */
const chunkBytes = 64 * 1024;

export interface BodySource {
  keeping: BlobKeeping;
  /** Called once when nothing more is sent, however it ended. */
  release: () => void;
  telemetry: Telemetry;
  pace: Pace;
}

/**
 * The bytes of a range, read a part at a time and given out piece by piece, each when the one before it has been taken. The first is read before anything is answered, so
 * that what is not there is refused in words; a later one that cannot be read, or a reader that is too slow, breaks the answer off: it
 * may ask for the rest.
 */
export async function blobBody(
  socket: Socket,
  row: BlobRow,
  range: ByteRange,
  source: BodySource,
): Promise<ReadableStream<Uint8Array>> {
  const { keeping, telemetry } = source;
  let next = range.first;
  const readPart = async (): Promise<Uint8Array> => {
    const start = next - (next % limits.blobPartBytes);
    const part = await keeping.readPart(row, start);
    return part.subarray(next - start, range.last + 1 - start);
  };
  let rest = await readPart();
  if (socket.destroyed) throw new SottoError("aborted");
  const watched = new LeastPace(source.pace, () => {
    telemetry.log.info("blob.download-too-slow");
    socket.destroy();
  });
  // A reader that goes away in the middle of a pull is noticed by its socket alone.
  const release = () => {
    watched.end();
    socket.off("close", release);
    source.release();
  };
  socket.once("close", release);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          if (rest.length === 0) rest = await readPart();
        } catch (error) {
          telemetry.log.warn("blob.unreadable", { error });
          release();
          return controller.error(error);
        }
        const bytes = rest.subarray(0, chunkBytes);
        rest = rest.subarray(bytes.length);
        next += bytes.length;
        watched.move(bytes.length);
        telemetry.metrics.count("blob_bytes", { direction: "out" }, bytes.length);
        controller.enqueue(bytes);
        if (next <= range.last) return;
        release();
        controller.close();
      },
      cancel: release,
    },
    { highWaterMark: 0 },
  );
}
