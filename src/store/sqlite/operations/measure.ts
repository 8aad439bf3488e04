import type { MaintenanceStore } from "../../../actors/ports/store-maintenance.ts";
import type { StoreContext } from "../store-context.ts";

type Sizes = Awaited<ReturnType<MaintenanceStore["measure"]>>;

/** See `MaintenanceStore.measure`. The log is counted by its ends, not row by row. */
export function measure({ db }: StoreContext): Sizes {
  const log = db.get<{ conversations: number; messages: number }>(
    "SELECT count(*) AS conversations, coalesce(sum(head - floor), 0) AS messages FROM conversations",
  )!;
  const devices = db.get<{ count: number }>("SELECT count(*) AS count FROM devices WHERE revoked_at IS NULL")!;
  const due = db.get<{ count: number }>("SELECT count(*) AS count FROM due")!;
  const pages = db.get<{ bytes: number }>(
    "SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()",
  )!;
  return {
    conversations: log.conversations,
    messages: log.messages,
    devices: devices.count,
    due: due.count,
    bytes: pages.bytes,
  };
}
