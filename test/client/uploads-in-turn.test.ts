import { expect } from "chai";
import type { AttachmentSource } from "../../src/client/attachments/attachment-source.ts";
import { newUpload } from "../../src/client/attachments/upload.ts";
import { Uploads } from "../../src/client/attachments/uploads.ts";
import { memoryStore } from "../../src/client/index.ts";
import { sodiumReady } from "../../src/identity/sodium.ts";
import { eventually } from "../support/eventually.ts";
import { quickTimings } from "../support/quick-timings.ts";
import { refusal } from "../support/refusal.ts";

const soon = { timeout: 5_000 };

describe("uploads of one client", () => {
  before(() => sodiumReady());

  /** A file that is read when `open` is called, and whether anybody has begun to. */
  function aFile() {
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    const file = { isBegun: false, open };
    const source: AttachmentSource = {
      size: 10,
      stored: null,
      open: async function* () {
        file.isBegun = true;
        await opened;
        yield new Uint8Array(10);
      },
    };
    return { file, source };
  }

  async function uploads() {
    const blobs = {
      received: () => Promise.resolve(undefined),
      putPart: () => Promise.resolve({ expiresAt: 0 }),
    };
    return new Uploads({
      store: await memoryStore().open(),
      connection: { state: "online", on: () => () => undefined } as never,
      blobs: blobs as never,
      timings: quickTimings as never,
      closing: new AbortController().signal,
      files: undefined,
      report: () => undefined,
    });
  }

  it("go two at a time, and the next goes when one has ended, though another that waited before it was given up", async () => {
    const all = await uploads();
    const files = [0, 1, 2, 3, 4].map(() => aFile());
    const stops = files.map(() => new AbortController());
    const works = files.map(({ source }, index) =>
      all.run({
        id: `${index}`,
        record: newUpload(source),
        source,
        progress: () => undefined,
        signal: stops[index]!.signal,
      }),
    );
    const begun = (): boolean[] => files.map(({ file }) => file.isBegun);
    await eventually(() => expect(begun()).to.deep.equal([true, true, false, false, false]));
    stops[2]!.abort();
    await refusal(works[2]!, "aborted");
    files[0]!.file.open();
    await works[0];
    await eventually(() => expect(begun()).to.deep.equal([true, true, false, true, false]), soon.timeout);
    files[3]!.file.open();
    await works[3];
    await eventually(() => expect(begun()).to.deep.equal([true, true, false, true, true]), soon.timeout);
    for (const { file } of files) file.open();
    await Promise.all([works[1], works[4]]);
  });
});
