/**
 * Key packages by which others add this device while it is away: a stock of one-time ones for both suites, and a last
 * resort that is renewed every week. Owns their private parts; each goes with its use.
 */
import type { GroupEngine, KeyPackagePair } from "../../crypto/group-engine.ts";
import { keyPackageLifetime } from "../../crypto/key-package.ts";
import { toHex } from "../../protocol/equal-bytes.ts";
import { toBase64 } from "../../protocol/base64.ts";
import { limits, suites } from "../../protocol/limits.ts";
import type { ReplyOf } from "../../protocol/requests.ts";
import type { Connection } from "../connection/connection.ts";
import type { OwnDevice } from "./own-device.ts";
import { decodeRecord, encodeRecord, tables, type KeyPackageRecord } from "../records.ts";
import type { OpenClientStore, RecordChange } from "../stores/client-store.ts";

export type KeyPackageStock = ReplyOf<"session:prove">["keyPackages"];

/** How many one-time packages are kept at the node, and below how many more are made. */
export interface StockLevels {
  full: number;
  low: number;
  /** In a session that lasts, the stock is asked for again after this long; default ten minutes. */
  checkEveryMs?: number;
}

const defaultCheckMs = 10 * 60_000;
const weekMs = 7 * 24 * 3600_000;
/** A last resort is kept this long after its successor, and a one-time package after its end: a Welcome may be on its way. */
const retirementMs = 30 * 24 * 3600_000;

export class KeyPackageSupply {
  private readonly store: OpenClientStore;
  private readonly connection: Connection;
  private readonly engine: GroupEngine;
  private readonly own: OwnDevice;
  private readonly levels: StockLevels;
  private admitted: KeyPackageStock | undefined;
  private notedAt = 0;
  private stock: KeyPackageStock = [];

  constructor(parts: {
    store: OpenClientStore;
    connection: Connection;
    engine: GroupEngine;
    own: OwnDevice;
    levels: StockLevels;
  }) {
    this.store = parts.store;
    this.connection = parts.connection;
    this.engine = parts.engine;
    this.own = parts.own;
    this.levels = parts.levels;
  }

  /**
   * Brings both suites up to the full stock, in rounds; private parts are stored before their packages leave. `admitted`: what
   * the node said at the admission; what it has said since, to a publication, counts more.
   */
  async refill(admitted: KeyPackageStock): Promise<void> {
    if (this.admitted !== admitted) this.noteStock((this.admitted = admitted));
    else if (Date.now() - this.notedAt >= (this.levels.checkEveryMs ?? defaultCheckMs)) await this.askForStock();
    const { stock } = this;
    const dueLastResorts = await this.retire();
    for (const suite of [suites.default, suites.large] as const) {
      const held = stock.find((entry) => entry.suite === suite);
      const needsLastResort = !held?.lastResort || dueLastResorts.has(suite);
      const oneTime = held?.oneTime ?? 0;
      const missing = oneTime < this.levels.low ? this.levels.full - oneTime : 0;
      await this.publish(suite, missing, needsLastResort);
    }
  }

  /** A publication of nothing is answered with what is left: others have taken some since. */
  private async askForStock(): Promise<void> {
    const nothing = { suite: suites.default, oneTime: [] };
    this.noteStock((await this.connection.request("keypackages:publish", nothing)).keyPackages);
  }

  private noteStock(stock: KeyPackageStock): void {
    this.stock = stock;
    this.notedAt = Date.now();
  }

  /** A fresh package for one use that is not published, with its private part stored. */
  async make(suite: number): Promise<KeyPackagePair> {
    const [pair] = await this.makeAndStore(suite, 1, false);
    return pair!;
  }

  /** All pairs held, one-time ones first. */
  async pairs(): Promise<KeyPackagePair[]> {
    const records = await this.store.list(tables.keyPackages);
    return records
      .map(({ id, bytes }) => ({ ...decodeRecord<KeyPackageRecord>(bytes), hash: bytesOfHex(id) }))
      .sort((a, b) => Number(a.lastResort) - Number(b.lastResort));
  }

  /** The change that forgets a one-time pair once its group is stored; none for a last resort. */
  forget(pair: KeyPackagePair): RecordChange[] {
    return pair.lastResort ? [] : [{ table: tables.keyPackages, id: toHex(pair.hash), bytes: null }];
  }

  private async publish(suite: 84 | 3, missing: number, needsLastResort: boolean): Promise<void> {
    const [lastResort] = needsLastResort ? await this.makeAndStore(suite, 1, true) : [];
    for (let left = missing, first = true; left > 0 || (first && lastResort); first = false) {
      const oneTime = await this.makeAndStore(suite, Math.min(left, limits.keyPackagesPerPublish), false);
      const { keyPackages } = await this.connection.request("keypackages:publish", {
        suite,
        oneTime: oneTime.map((pair) => toBase64(pair.publicBytes)),
        ...(first && lastResort ? { lastResort: toBase64(lastResort.publicBytes) } : {}),
      });
      this.stock = keyPackages;
      left -= oneTime.length;
    }
  }

  private async makeAndStore(suite: number, count: number, lastResort: boolean): Promise<KeyPackagePair[]> {
    const pairs: KeyPackagePair[] = [];
    while (pairs.length < count)
      pairs.push(await this.engine.createKeyPackage(this.own.identity(), suite, { lastResort }));
    const createdAt = Date.now();
    const changes = pairs.map(({ hash, reference, publicBytes, privateBytes }) => {
      const record: KeyPackageRecord = {
        suite,
        reference,
        publicBytes,
        privateBytes,
        lastResort,
        createdAt,
        retiredAt: null,
      };
      return { table: tables.keyPackages, id: toHex(hash), bytes: encodeRecord(record) };
    });
    if (changes.length > 0) await this.store.write(changes);
    return pairs;
  }

  /** Suites whose last resort is older than a week: they are due a new one. Long retired ones go, and what was never used in its time. */
  private async retire(): Promise<Set<number>> {
    const due = new Set<number>();
    const now = Date.now();
    for (const { id, bytes } of await this.store.list(tables.keyPackages)) {
      const record = decodeRecord<KeyPackageRecord>(bytes);
      const endedAt = record.lastResort ? record.retiredAt : record.createdAt + keyPackageLifetime.afterMs;
      if (endedAt !== null && now - endedAt > retirementMs) {
        await this.store.write([{ table: tables.keyPackages, id, bytes: null }]);
      } else if (record.lastResort && record.retiredAt === null && now - record.createdAt > weekMs) {
        due.add(record.suite);
        const retired: KeyPackageRecord = { ...record, retiredAt: now };
        await this.store.write([{ table: tables.keyPackages, id, bytes: encodeRecord(retired) }]);
      }
    }
    return due;
  }
}

function bytesOfHex(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length / 2 }, (_, at) => Number.parseInt(text.slice(at * 2, at * 2 + 2), 16));
}
