/** What a user calls its devices, sealed so that only these devices read it: kept for each live device, and told of to the others. */
import { fromBase64, toBase64 } from "../protocol/base64.ts";
import { SottoError } from "../protocol/errors.ts";
import type { ReplyOf, RequestOf } from "../protocol/requests.ts";
import { userRoom } from "../protocol/rooms.ts";
import type { Caller } from "./caller.ts";
import type { Delivery } from "./ports/delivery.ts";
import type { DeviceStore } from "./ports/store-devices.ts";

export class DeviceNames {
  private readonly store: DeviceStore;
  private readonly delivery: Delivery;

  constructor({ store, delivery }: { store: DeviceStore; delivery: Delivery }) {
    this.store = store;
    this.delivery = delivery;
  }

  /** Resolves when it is durable. Throws `device-unknown` for what is not a live device of the caller's user. */
  async set({ user, socket }: Caller, request: RequestOf<"devices:name">): Promise<Record<string, never>> {
    const name = { ...request, sealed: fromBase64(request.sealed) };
    if (!(await this.store.putDeviceName(user, name))) throw new SottoError("device-unknown");
    const [list] = await this.store.readDeviceLists([{ user, after: Number.MAX_SAFE_INTEGER }]);
    const version = list?.version ?? 0;
    this.delivery.emit(userRoom(user), "devices:changed", { user, version }, { exceptSocket: socket });
    return {};
  }

  async read({ user }: Caller): Promise<ReplyOf<"devices:names">> {
    const rows = await this.store.readDeviceNames(user);
    return { names: rows.map((row) => ({ ...row, sealed: toBase64(row.sealed) })) };
  }
}
