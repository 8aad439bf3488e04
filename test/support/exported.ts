/** What a device exports, by kind of record, as it is after its way through JSON. */
import type { Client, ExportOptions, ExportRecord } from "../../src/client/index.ts";

export type Exported = { [Kind in ExportRecord["record"]]: Extract<ExportRecord, { record: Kind }>[] };

export async function exportedBy(client: Client, options: ExportOptions = {}): Promise<Exported> {
  const found: Exported = { export: [], conversation: [], message: [], attachment: [], unreadable: [], end: [] };
  for await (const record of client.export(options)) {
    const kept = JSON.parse(JSON.stringify(record)) as ExportRecord;
    found[kept.record].push(kept as never);
  }
  return found;
}
