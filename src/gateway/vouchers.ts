import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Store } from "../actors/ports/store.ts";
import type { Vouchers } from "../actors/ports/vouchers.ts";
import { fromBase64 } from "../protocol/base64.ts";
import { limits } from "../protocol/limits.ts";
import type { LogEntry } from "../protocol/log-entry.ts";

const keyBytes = 32;

const isWhole = ({ payload, goneHash, originalHash }: LogEntry) =>
  payload !== "" && goneHash === undefined && originalHash === undefined;

/** Under the key in the database, which is made with it. */
export async function openVouchers(store: Pick<Store, "nodeKey">): Promise<Vouchers> {
  return createVouchers(await store.nodeKey("vouchers", randomBytes(keyBytes)));
}

/** Vouchers are HMAC-SHA-256, cut to 16 bytes, under a key that all nodes share. `key`: 32 bytes. */
export function createVouchers(key: Uint8Array): Vouchers {
  const voucherOf = (entry: LogEntry): Buffer => {
    const { conversation, sequence, kind, generation, epoch, sender, id, number, acceptedAt, payload } = entry;
    // No part but the last can hold a line break, and base64 neither: each text stands for one entry.
    const text = `sotto/1 voucher\n${conversation}\n${sequence}\n${kind}\n${generation}\n${epoch}\n${sender.user}\n${sender.device}\n${id}\n${number}\n${acceptedAt}\n`;
    return createHmac("sha256", key).update(text).update(payload).digest().subarray(0, limits.voucherBytes);
  };
  return {
    // What has gone, or stands under a pseudonym, the node could not accept again.
    vouched: (entry) => (isWhole(entry) ? { ...entry, voucher: voucherOf(entry).toString("base64") } : entry),
    isVouched: (entry) =>
      isWhole(entry) && entry.voucher !== undefined && timingSafeEqual(fromBase64(entry.voucher), voucherOf(entry)),
  };
}
