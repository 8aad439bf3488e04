/** What a device that was added later reads: the log from where its user was added, and the keys of its user's archive. */
import { fromBase64, toBase64 } from "../protocol/base64.ts";
import { SottoError } from "../protocol/errors.ts";
import { limits } from "../protocol/limits.ts";
import type { ReplyOf, RequestOf } from "../protocol/requests.ts";
import type { Caller } from "./caller.ts";
import type { Store } from "./ports/store.ts";
import type { Vouchers } from "./ports/vouchers.ts";
import { toWireEntry } from "./wire-forms.ts";

export class History {
  private readonly store: Store;
  private readonly vouchers: Vouchers;

  constructor({ store, vouchers }: { store: Store; vouchers: Vouchers }) {
    this.store = store;
    this.vouchers = vouchers;
  }

  /** Throws `conversation-unknown` for who is not, and was not, in the conversation. */
  async read({ user, device }: Caller, request: RequestOf<"history:read">): Promise<ReplyOf<"history:read">> {
    const { conversation, before, limit } = request;
    const read = { conversation, user, device, before, limit, maxBytes: limits.logPageBytes };
    const page = await this.store.readHistory(read);
    if (page === "not-a-member") throw new SottoError("conversation-unknown");
    const entries = page.entries.map((row) => this.vouchers.vouched(toWireEntry(row)));
    return { entries, first: page.first, floor: page.floor };
  }

  /** Throws `conversation-unknown`: also for a key of an epoch that is not there yet. Then none of them is kept. */
  async putKeys({ user, device }: Caller, { keys }: RequestOf<"archive:put">): Promise<Record<string, never>> {
    const rows = keys.map((key) => ({ ...key, sealed: fromBase64(key.sealed) }));
    if (!(await this.store.putHistoryKeys(user, device, rows))) throw new SottoError("conversation-unknown");
    return {};
  }

  /** Throws `device-unknown` where one is not a live device of the caller's user, `forbidden` for another signer. Then nobody gets anything. */
  async grantKeys(
    { user, device: caller }: Caller,
    { grants }: RequestOf<"archive:grant">,
  ): Promise<Record<string, never>> {
    if (grants.some(({ by = caller }) => by !== caller)) throw new SottoError("forbidden");
    const rows = grants.map(({ device, generation, listVersion, by, ...bytes }) => ({
      device,
      generation,
      listVersion,
      ...(by && { by }),
      keyPackage: fromBase64(bytes.keyPackage),
      encapsulated: fromBase64(bytes.encapsulated),
      sealed: fromBase64(bytes.sealed),
      signature: fromBase64(bytes.signature),
    }));
    if (!(await this.store.putArchiveGrants(user, caller, rows))) throw new SottoError("device-unknown");
    return {};
  }

  async readGrants({ device }: Caller): Promise<ReplyOf<"archive:granted">> {
    const rows = await this.store.readArchiveGrants(device);
    const grants = rows.map(({ generation, listVersion, by, ...bytes }) => ({
      device,
      generation,
      listVersion,
      ...(by && { by }),
      keyPackage: toBase64(bytes.keyPackage),
      encapsulated: toBase64(bytes.encapsulated),
      sealed: toBase64(bytes.sealed),
      signature: toBase64(bytes.signature),
    }));
    return { grants };
  }

  async readKeys({ user }: Caller, request: RequestOf<"archive:read">): Promise<ReplyOf<"archive:read">> {
    const { conversation, after } = request;
    const start = after ?? { generation: 0, epoch: 0 };
    const rows = await this.store.readHistoryKeys(user, conversation, start, limits.archiveKeysPerPage + 1);
    const keys = rows.slice(0, limits.archiveKeysPerPage).map((row) => ({ ...row, sealed: toBase64(row.sealed) }));
    return { keys, more: rows.length > keys.length };
  }
}
