import type { HeldKey, HeldPage } from "../../../actors/ports/store-held.ts";
import type { UserId } from "../../../protocol/ids.ts";
import { heldPage, heldQuery } from "../../held-about-a-user.ts";
import type { StoreContext } from "../store-context.ts";

/** See `HeldStore.readHeld`. */
export function readHeld(
  { db }: StoreContext,
  user: UserId,
  table: string,
  page: { after: HeldKey | undefined; limit: number },
): HeldPage {
  const { sql, parameters } = heldQuery<Uint8Array>(user, table, page);
  return heldPage(table, db.all<Record<string, unknown>>(sql, ...parameters), page.limit);
}
