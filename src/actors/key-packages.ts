/** Key packages: what a device publishes so that others may add it, and what is handed out, each one-time package once. */
import { fromBase64, toBase64 } from "../protocol/base64.ts";
import { SottoError } from "../protocol/errors.ts";
import type { DeviceId } from "../protocol/ids.ts";
import type { ReplyOf, RequestOf } from "../protocol/requests.ts";
import type { Caller } from "./caller.ts";
import type { Contacts } from "./contacts.ts";
import { equalBytes } from "../protocol/equal-bytes.ts";
import { limitRate } from "./limit-rate.ts";
import type { CheckedKeyPackage, PublicChecks } from "./ports/public-checks.ts";
import type { RateLimiter } from "./ports/rate-limiter.ts";
import type { Store } from "./ports/store.ts";

type KeyPackageStock = ReplyOf<"keypackages:publish">["keyPackages"][number];

/** A package may begin to hold a little later here than where it was made. */
const clockSkewMs = 60 * 60_000;

export interface KeyPackagePorts {
  store: Store;
  checks: PublicChecks;
  contacts: Contacts;
  limiter: RateLimiter;
  now: () => number;
}

export class KeyPackages {
  private readonly ports: KeyPackagePorts;

  constructor(ports: KeyPackagePorts) {
    this.ports = ports;
  }

  /** All or none. Throws `key-package-invalid`, `too-many-key-packages`. */
  async publish(caller: Caller, request: RequestOf<"keypackages:publish">): Promise<ReplyOf<"keypackages:publish">> {
    const { suite } = request;
    const check = (text: string, lastResort: boolean) => this.check(caller, fromBase64(text), suite, lastResort);
    const oneTime = await Promise.all(request.oneTime.map((text) => check(text, false)));
    const lastResort = request.lastResort === undefined ? {} : { lastResort: await check(request.lastResort, true) };
    const { user, device } = caller;
    const outcome = await this.ports.store.publishKeyPackages({ user, device, suite, oneTime, ...lastResort });
    if (outcome === "too-many") throw new SottoError("too-many-key-packages");
    return { keyPackages: await this.stock(device) };
  }

  /** Of the caller's own devices, and of users with whom it shares a conversation. Throws `forbidden`, `rate-limited`. */
  async claim(caller: Caller, request: RequestOf<"keypackages:claim">): Promise<ReplyOf<"keypackages:claim">> {
    const { suite, devices } = request;
    const users = [...new Set(devices.map(({ user }) => user))];
    await this.ports.contacts.requireFor(caller.user, users, request.conversation);
    await limitRate(this.ports.limiter, "claim", caller.user, devices.length);
    for (const user of users) {
      const ofUser = devices.filter((device) => device.user === user).length;
      await limitRate(this.ports.limiter, "claimed", user, ofUser);
    }
    const distinct = [...new Map(devices.map((wanted) => [wanted.device, wanted])).values()];
    const claimed = await this.ports.store.claimKeyPackages(suite, distinct);
    const packages = claimed.map(({ user, device, bytes, lastResort }) => {
      return { user, device, keyPackage: toBase64(bytes), lastResort };
    });
    return { packages };
  }

  /** How many packages of a device are left. */
  async stock(device: DeviceId): Promise<KeyPackageStock[]> {
    const rows = await this.ports.store.countKeyPackages(device);
    return rows.flatMap(({ suite, ...left }) => (suite === 84 || suite === 3 ? [{ suite, ...left }] : []));
  }

  private async check(
    caller: Caller,
    bytes: Uint8Array,
    suite: number,
    lastResort: boolean,
  ): Promise<{ hash: Uint8Array; bytes: Uint8Array; expiresAt: number }> {
    const inspected = await requireOwnKeyPackage(this.ports, caller, bytes);
    if (inspected.suite !== suite) refuse("The key package is of another suite.");
    if (inspected.lastResort !== lastResort) refuse("One-time packages and last resorts are told apart.");
    const now = this.ports.now();
    if (inspected.notAfter <= now || inspected.notBefore > now + clockSkewMs)
      refuse("The key package does not hold now.");
    return { hash: inspected.hash, bytes, expiresAt: inspected.notAfter };
  }
}

/** The key package taken apart, if it is of the caller's device and names the user's account key. Throws `key-package-invalid`. */
export async function requireOwnKeyPackage(
  { store, checks }: { store: Store; checks: PublicChecks },
  caller: Caller,
  bytes: Uint8Array,
): Promise<CheckedKeyPackage> {
  const inspected = await checks.inspectKeyPackage(bytes);
  const { user, device, accountKey } = inspected.credential;
  if (user !== caller.user || device !== caller.device) refuse("The key package is of another device.");
  if (!equalBytes(inspected.deviceKey, caller.deviceKey)) refuse("The key package has another key.");
  const [list] = await store.readDeviceLists([{ user, after: Number.MAX_SAFE_INTEGER }]);
  if (!list?.accountKey || !equalBytes(list.accountKey, accountKey))
    refuse("The key package names another account key.");
  return inspected;
}

function refuse(detail: string): never {
  throw new SottoError("key-package-invalid", { detail });
}
