/**
 * What this user calls its devices, the same on all of them: the node has each name sealed, each device a copy in its store. A name that
 * was given here holds here at once, and goes to the node when there is a connection, and an archive key that no revoked device knows.
 */
import { openDeviceName, requireDeviceName, sealDeviceName } from "../../crypto/device-name.ts";
import { fromBase64, toBase64 } from "../../protocol/base64.ts";
import { SottoError } from "../../protocol/errors.ts";
import type { DeviceId } from "../../protocol/ids.ts";
import type { ReplyOf } from "../../protocol/requests.ts";
import { TaskQueue } from "../async/task-queue.ts";
import type { ClientCore } from "../core.ts";
import { decodeRecord, encodeRecord, tables, type DeviceNamesRecord } from "../records.ts";
import { currentArchiveKey } from "./archive-keys.ts";

export interface DeviceNamed {
  device: DeviceId;
  name: string;
}

type WireName = ReplyOf<"devices:names">["names"][number];

const recordId = "names";

export class DeviceNames {
  private readonly core: ClientCore;
  /** A device was named by another one. */
  private readonly renamed: (named: DeviceNamed) => void;
  private record: DeviceNamesRecord = { names: {}, unsent: {} };
  /** One change or reading at a time: what the node says last is what is kept. */
  private readonly queue = new TaskQueue();

  constructor(core: ClientCore, renamed: (named: DeviceNamed) => void) {
    this.core = core;
    this.renamed = renamed;
  }

  /** Takes up what the store holds. */
  async load(): Promise<void> {
    const bytes = await this.core.store.get(tables.deviceNames, recordId);
    if (bytes) this.record = decodeRecord<DeviceNamesRecord>(bytes);
  }

  of(device: DeviceId): string | undefined {
    return this.record.unsent[device] ?? this.record.names[device];
  }

  /** Resolves when this device has stored it; `settle` brings it to the node. Error: `invalid-argument`. */
  async set(device: DeviceId, name: string): Promise<void> {
    requireDeviceName(name);
    await this.queue.run(() => this.keep({ unsent: { ...this.record.unsent, [device]: name } }));
  }

  /** Hands in what was named here, and reads what was named elsewhere. Errors: those of the connection. */
  settle(): Promise<void> {
    return this.queue.run(async () => {
      if (!this.core.own.isCertified) return;
      await this.handIn();
      const { names } = await this.core.connection.request("devices:names", {});
      await this.take(names);
    });
  }

  private async handIn(): Promise<void> {
    const { own, directory, connection } = this.core;
    const unsent = Object.entries(this.record.unsent) as [DeviceId, string][];
    if (unsent.length === 0) return;
    // A device may have been revoked that knows the archive key which this one holds.
    await directory.refresh(own.user);
    const archiveKey = currentArchiveKey(this.core);
    if (!archiveKey) return;
    for (const [device, name] of unsent) {
      const sealed = sealDeviceName(archiveKey, { user: own.user, device }, name);
      const named = { device, archiveGeneration: archiveKey.generation, sealed: toBase64(sealed) };
      const isKnown = await connection.request("devices:name", named).then(() => true, isUnknownDevice);
      const { [device]: _, ...left } = this.record.unsent;
      await this.keep({ unsent: left, ...(isKnown ? { names: { ...this.record.names, [device]: name } } : {}) });
    }
  }

  private async take(rows: readonly WireName[]): Promise<void> {
    const opened = rows.flatMap((row) => this.open(row) ?? []);
    const before = this.record.names;
    const changed = opened.filter(({ device, name }) => before[device] !== name);
    if (changed.length === 0 && rows.length === Object.keys(before).length) return;
    await this.keep({ names: Object.fromEntries(opened.map(({ device, name }) => [device, name])) });
    for (const named of changed) if (!(named.device in this.record.unsent)) this.renamed(named);
  }

  /** What does not open leaves the name as it was: this device may not have the archive key yet. */
  private open({ device, archiveGeneration, sealed }: WireName): DeviceNamed | undefined {
    const { user, archiveKeys } = this.core.own;
    const archiveKey = archiveKeys.find(({ generation }) => generation === archiveGeneration);
    const known = this.record.names[device];
    try {
      if (archiveKey) return { device, name: openDeviceName(archiveKey, { user, device }, fromBase64(sealed)) };
    } catch (error) {
      if (!(error instanceof SottoError)) throw error;
    }
    return known === undefined ? undefined : { device, name: known };
  }

  private async keep(change: Partial<DeviceNamesRecord>): Promise<void> {
    const record: DeviceNamesRecord = { ...this.record, ...change };
    await this.core.store.write([{ table: tables.deviceNames, id: recordId, bytes: encodeRecord(record) }]);
    this.record = record;
  }
}

/** It was revoked meanwhile: its name goes with it. */
function isUnknownDevice(error: unknown): false {
  if (error instanceof SottoError && error.code === "device-unknown") return false;
  throw error;
}
