import type { DeviceId, UserId } from "../protocol/ids.ts";

/** Who asks: an admitted device, on one socket. `deviceKey`: 32 bytes. */
export interface Caller {
  readonly user: UserId;
  readonly device: DeviceId;
  readonly deviceKey: Uint8Array;
  readonly socket: string;
}
