import { expect } from "chai";
import type { ClientStore, OpenClientStore } from "../../src/client/stores/client-store.ts";
import { SottoError } from "../../src/protocol/errors.ts";

export interface ClientStoreFixture {
  /** Each time the same store, as another process, or a later one, would meet it. */
  store(): ClientStore;
  dispose(): Promise<void>;
}

const bytes = (...values: number[]) => Uint8Array.from(values);
const put = (table: string, id: string, ...values: number[]) => ({ table, id, bytes: bytes(...values) });

export async function rejection(promise: Promise<unknown>): Promise<SottoError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error, "nothing was thrown").to.be.instanceOf(SottoError);
  return error as SottoError;
}

/** What every `ClientStore` promises. */
export function describeClientStore(name: string, fixture: () => Promise<ClientStoreFixture>): void {
  describe(`a client store, ${name}`, () => {
    let stores: ClientStoreFixture;
    let open: OpenClientStore;

    beforeEach(async () => {
      stores = await fixture();
      open = await stores.store().open();
    });
    afterEach(async () => {
      await open.close();
      await stores.dispose();
    });

    describe("getting", () => {
      it("finds what was written, by table and id", async () => {
        await open.write([put("keys", "a", 1), put("messages", "a", 2), put("keys", "b", 3)]);
        expect(await open.get("keys", "a")).to.deep.equal(bytes(1));
        expect(await open.get("messages", "a")).to.deep.equal(bytes(2));
        expect(await open.get("keys", "b")).to.deep.equal(bytes(3));
      });

      it("finds nothing under another id or table", async () => {
        await open.write([put("keys", "a", 1)]);
        expect(await open.get("keys", "aa")).to.equal(undefined);
        expect(await open.get("key", "a")).to.equal(undefined);
      });

      it("gives bytes of its own, which may be changed", async () => {
        const given = bytes(1, 2, 3);
        await open.write([{ table: "keys", id: "a", bytes: given }]);
        given.fill(9);
        const first = await open.get("keys", "a");
        first!.fill(8);
        expect(await open.get("keys", "a")).to.deep.equal(bytes(1, 2, 3));
      });

      it("keeps empty values apart from no value", async () => {
        await open.write([put("keys", "a")]);
        expect(await open.get("keys", "a")).to.deep.equal(bytes());
      });

      it("keeps values of a megabyte whole", async () => {
        const large = Uint8Array.from({ length: 1024 * 1024 }, (_, index) => (index * 31) % 251);
        await open.write([{ table: "trees", id: "a", bytes: large }]);
        const kept = (await open.get("trees", "a"))!;
        expect(kept.length).to.equal(large.length);
        expect(kept.every((byte, index) => byte === large[index])).to.equal(true);
      });
    });

    describe("writing", () => {
      it("replaces and deletes", async () => {
        await open.write([put("keys", "a", 1), put("keys", "b", 1)]);
        await open.write([put("keys", "a", 2), { table: "keys", id: "b", bytes: null }]);
        expect(await open.get("keys", "a")).to.deep.equal(bytes(2));
        expect(await open.get("keys", "b")).to.equal(undefined);
      });

      it("lets the last change of a batch win", async () => {
        await open.write([put("keys", "a", 1), { table: "keys", id: "a", bytes: null }, put("keys", "a", 3)]);
        expect(await open.get("keys", "a")).to.deep.equal(bytes(3));
        expect(await open.list("keys")).to.have.length(1);
      });

      it("takes deletions of what is not there, and no changes at all", async () => {
        await open.write([{ table: "keys", id: "a", bytes: null }]);
        await open.write([]);
        expect(await open.list("keys")).to.deep.equal([]);
      });

      it("keeps the order of calls that were not waited for", async () => {
        await Promise.all(Array.from({ length: 200 }, (_, index) => open.write([put("counts", "a", index)])));
        expect(await open.get("counts", "a")).to.deep.equal(bytes(199));
      });

      it("refuses ids and tables that are not printable ASCII, and writes nothing of that batch", async () => {
        for (const wrong of ["", "tab\t", "ä", "\u0000"]) {
          expect((await rejection(open.write([put("keys", "a", 1), put("keys", wrong, 1)]))).code).to.equal(
            "invalid-argument",
          );
          expect((await rejection(open.write([put("keys", "a", 1), put(wrong, "b", 1)]))).code).to.equal(
            "invalid-argument",
          );
        }
        expect(await open.list("keys")).to.deep.equal([]);
      });
    });

    describe("listing", () => {
      const ids = async (options?: Parameters<OpenClientStore["list"]>[1]) =>
        (await open.list("m", options)).map(({ id }) => id);

      beforeEach(() =>
        open.write(["b/2", "a/1", "c/1", "b/1", "b/10", "B/1", "b0", "b"].map((id, index) => put("m", id, index))),
      );

      it("goes by code units, whatever the order of writing", async () => {
        expect(await ids()).to.deep.equal(["B/1", "a/1", "b", "b/1", "b/10", "b/2", "b0", "c/1"]);
        expect((await open.list("m", { prefix: "b/" })).map((record) => record.bytes[0])).to.deep.equal([3, 4, 0]);
      });

      it("takes a prefix", async () => {
        expect(await ids({ prefix: "b/" })).to.deep.equal(["b/1", "b/10", "b/2"]);
        expect(await ids({ prefix: "x" })).to.deep.equal([]);
      });

      it("takes bounds, which are not part of what is listed", async () => {
        expect(await ids({ after: "b", before: "b0" })).to.deep.equal(["b/1", "b/10", "b/2"]);
        expect(await ids({ after: "b/1" })).to.deep.equal(["b/10", "b/2", "b0", "c/1"]);
        expect(await ids({ before: "a/2" })).to.deep.equal(["B/1", "a/1"]);
        expect(await ids({ after: "z", before: "a" })).to.deep.equal([]);
      });

      it("takes a limit from either end", async () => {
        expect(await ids({ limit: 2 })).to.deep.equal(["B/1", "a/1"]);
        expect(await ids({ limit: 2, reverse: true })).to.deep.equal(["c/1", "b0"]);
        expect(await ids({ prefix: "b/", limit: 2, reverse: true })).to.deep.equal(["b/2", "b/10"]);
        expect(await ids({ limit: 0 })).to.deep.equal([]);
      });

      it("combines prefix and bounds", async () => {
        expect(await ids({ prefix: "b/", after: "b/1", before: "b/2" })).to.deep.equal(["b/10"]);
        expect(await ids({ prefix: "b/", after: "a", reverse: true })).to.deep.equal(["b/2", "b/10", "b/1"]);
      });

      it("forgets what was deleted", async () => {
        await open.write(["b/1", "c/1"].map((id) => ({ table: "m", id, bytes: null })));
        expect(await ids({ prefix: "b/" })).to.deep.equal(["b/10", "b/2"]);
        expect(await ids({ reverse: true, limit: 1 })).to.deep.equal(["b0"]);
      });

      it("agrees with a plain sort over many changes in any order", async () => {
        const kept = new Set(await ids());
        for (let round = 0; round < 300; round++) {
          const id = `b/${(round * 7919) % 101}`;
          const isDeletion = round % 3 === 0;
          await open.write([{ table: "m", id, bytes: isDeletion ? null : bytes(round % 256) }]);
          if (isDeletion) kept.delete(id);
          else kept.add(id);
        }
        expect(await ids()).to.deep.equal([...kept].sort((left, right) => (left < right ? -1 : 1)));
      });
    });

    describe("opening and closing", () => {
      it("finds everything again", async () => {
        await open.write([put("keys", "a", 1), put("keys", "b", 2)]);
        await open.write([{ table: "keys", id: "a", bytes: null }]);
        await open.close();
        open = await stores.store().open();
        expect(await open.list("keys")).to.deep.equal([{ id: "b", bytes: bytes(2) }]);
      });

      it("writes what was given before it closes", async () => {
        const written = Array.from({ length: 20 }, (_, index) => open.write([put("keys", `id-${index}`, index)]));
        await open.close();
        await Promise.all(written);
        open = await stores.store().open();
        expect(await open.list("keys")).to.have.length(20);
      });

      it("has one writer at a time", async () => {
        expect((await rejection(stores.store().open())).code).to.equal("store-locked");
        await open.close();
        open = await stores.store().open();
      });

      it("takes nothing more once it is closed, and may be closed twice", async () => {
        await open.close();
        await open.close();
        expect((await rejection(open.get("keys", "a"))).code).to.equal("closed");
        expect((await rejection(open.list("keys"))).code).to.equal("closed");
        expect((await rejection(open.write([put("keys", "a", 1)]))).code).to.equal("closed");
      });

      it("does not let a former opening's close end a later one", async () => {
        await open.close();
        const later = await stores.store().open();
        await open.close();
        expect((await rejection(stores.store().open())).code).to.equal("store-locked");
        open = later;
      });
    });
  });
}
