/** What a new device and a node say to each other when a user starts over. The keys are the device's own affair. */
import { decodeDeviceListEntry, type DeviceList } from "../../identity/device-list.ts";
import { deviceListEntryHash } from "../../identity/device-list-entry.ts";
import { equalBytes } from "../../protocol/equal-bytes.ts";
import { fromBase64 } from "../../protocol/base64.ts";
import { SottoError } from "../../protocol/errors.ts";
import type { ReplyOf, RequestOf } from "../../protocol/requests.ts";
import type { Session } from "../connection/session.ts";

/** Where a device list stands, as the node says. A false word yields an entry that extends nothing. */
export type ListHead = Pick<DeviceList, "accountKey" | "version" | "head">;

/** Undefined for a user without a list. */
export async function readListHead(session: Session): Promise<ListHead | undefined> {
  try {
    const { accountKey, version, head } = await session.ask("devices:head", {});
    return { accountKey: fromBase64(accountKey), version, head: fromBase64(head) };
  } catch (error) {
    if (error instanceof SottoError && error.code === "device-unknown") return undefined;
    throw error;
  }
}

/** Errors: as the node refuses; `forbidden` for who starts over too often, so that nobody waits for hours unawares. */
export async function askForReset(
  session: Session,
  fields: RequestOf<"session:reset">,
): Promise<ReplyOf<"session:reset">> {
  try {
    return await session.ask("session:reset", fields);
  } catch (cause) {
    if (!(cause instanceof SottoError) || cause.code !== "rate-limited") throw cause;
    const { retryAfterMs } = cause;
    const detail = "This user has started over too often. Wait a few hours.";
    throw new SottoError("forbidden", { detail, cause, ...(retryAfterMs !== undefined && { retryAfterMs }) });
  }
}

/** Whether an entry of a device list is one with which its user starts over. */
export const startsOver = (entry: Uint8Array): boolean => decodeDeviceListEntry(entry).entry.operation === "reset";

/** Whether this entry is the list's last. */
export const endsWith = ({ head }: ListHead, entry: Uint8Array): boolean =>
  equalBytes(deviceListEntryHash(entry), head);
