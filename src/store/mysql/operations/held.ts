import type { HeldKey, HeldPage } from "../../../actors/ports/store-held.ts";
import type { UserId } from "../../../protocol/ids.ts";
import { heldPage, heldQuery } from "../../held-about-a-user.ts";
import type { MysqlContext } from "../mysql-context.ts";

/** See `HeldStore.readHeld`. */
export async function readHeld(
  { db }: MysqlContext,
  user: UserId,
  table: string,
  page: { after: HeldKey | undefined; limit: number },
): Promise<HeldPage> {
  const { sql, parameters } = heldQuery<Uint8Array>(user, table, page);
  return heldPage(table, await db.all<Record<string, unknown>>(sql, ...parameters), page.limit);
}
