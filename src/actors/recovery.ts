/**
 * What the node keeps of a user's recovery key: the signed public half, a vault that it cannot open, archive keys sealed to it. Owns the
 * checks that a node can make: who signed, which place it takes. Whoever holds a token of the user may fetch it, as nobody can make
 * anything of it without the words.
 */
import { fromBase64, toBase64 } from "../protocol/base64.ts";
import { SottoError } from "../protocol/errors.ts";
import type { UserId } from "../protocol/ids.ts";
import type { ReplyOf, RequestOf } from "../protocol/requests.ts";
import { userRoom } from "../protocol/rooms.ts";
import type { Caller } from "./caller.ts";
import { limitRate } from "./limit-rate.ts";
import type { Delivery } from "./ports/delivery.ts";
import type { PublicChecks } from "./ports/public-checks.ts";
import type { RateLimiter } from "./ports/rate-limiter.ts";
import type { RecoveryGrantRow } from "./ports/store-recovery.ts";
import type { Store } from "./ports/store.ts";

export interface RecoveryPorts {
  store: Store;
  delivery: Delivery;
  checks: PublicChecks;
  limiter: RateLimiter;
}

export class Recovery {
  private readonly ports: RecoveryPorts;

  constructor(ports: RecoveryPorts) {
    this.ports = ports;
  }

  async read({ user }: Caller): Promise<ReplyOf<"recovery:read">> {
    const row = await this.ports.store.readRecoveryKey(user);
    if (!row) return { key: null };
    const { version, publicKey, madeAt, signature, revision, granted } = row;
    const key = { version, publicKey: publicKey && toBase64(publicKey), madeAt, signature: toBase64(signature) };
    return { key: { ...key, revision, granted } };
  }

  /** Throws `forbidden` for what the account key has not signed, `recovery-conflict`, `rate-limited`. The user's other devices are told. */
  async put({ user, socket }: Caller, request: RequestOf<"recovery:put">): Promise<Record<string, never>> {
    const { after, version, madeAt } = request;
    const publicKey = request.publicKey === null ? null : fromBase64(request.publicKey);
    const vault = request.vault === null ? null : fromBase64(request.vault);
    if ((publicKey === null) !== (vault === null)) {
      throw new SottoError("invalid-request", { detail: "A recovery key comes with a vault, and none without." });
    }
    const { accountKey, listVersion } = await this.listOf(user);
    const signature = fromBase64(request.signature);
    const statement = { user, version, publicKey, madeAt };
    if (!this.ports.checks.isRecoveryKeySigned(statement, signature, accountKey)) throw unsigned();
    await limitRate(this.ports.limiter, "vault", user);
    const put = { ...statement, accountKey, after, signature, vault };
    if ((await this.ports.store.putRecoveryKey(put)) === "conflict") throw new SottoError("recovery-conflict");
    const change = { user, version: listVersion };
    this.ports.delivery.emit(userRoom(user), "devices:changed", change, { exceptSocket: socket });
    return {};
  }

  /** Throws `forbidden` for what the account key has not signed, `recovery-conflict`, `rate-limited`. */
  async save({ user }: Caller, request: RequestOf<"recovery:save">): Promise<Record<string, never>> {
    const { version, revision } = request;
    const vault = fromBase64(request.vault);
    const { accountKey } = await this.listOf(user);
    const signed = { user, version, revision, sealed: vault };
    if (!this.ports.checks.isVaultSigned(signed, fromBase64(request.signature), accountKey)) throw unsigned();
    await limitRate(this.ports.limiter, "vault", user);
    const outcome = await this.ports.store.putVault({ user, accountKey, version, revision, vault });
    if (outcome === "conflict") throw new SottoError("recovery-conflict");
    return {};
  }

  /** Throws `forbidden` for what the caller's device has not signed, `recovery-conflict`. Then none is kept. */
  async grant(caller: Caller, { version, grants }: RequestOf<"recovery:grant">): Promise<Record<string, never>> {
    const { user, device, deviceKey } = caller;
    const rows = grants.map((grant): RecoveryGrantRow => {
      const bytes = { encapsulated: fromBase64(grant.encapsulated), sealed: fromBase64(grant.sealed) };
      const row = { ...grant, ...bytes, signature: fromBase64(grant.signature) };
      const isSigned = this.ports.checks.isRecoveryGrantSigned({ user, version, ...row }, row.signature, deviceKey);
      if (grant.by !== device || !isSigned) throw unsigned();
      return row;
    });
    const outcome = await this.ports.store.putRecoveryGrants(user, device, version, rows);
    if (outcome === "conflict") throw new SottoError("recovery-conflict");
    return {};
  }

  /** `isAdmitted`: a device of the user asks, and not the token alone, which may a few times a day. Throws `recovery-unknown`, `rate-limited`. */
  async fetch(user: UserId, isAdmitted: boolean): Promise<ReplyOf<"recovery:fetch">> {
    if (!isAdmitted) await limitRate(this.ports.limiter, "recovery", user);
    const row = await this.ports.store.fetchRecovery(user);
    if (!row) throw new SottoError("recovery-unknown");
    const { version, madeAt, revision } = row;
    return {
      version,
      publicKey: toBase64(row.publicKey),
      madeAt,
      signature: toBase64(row.signature),
      revision,
      vault: toBase64(row.vault),
      grants: row.grants.map(({ generation, listVersion, by, encapsulated, sealed, signature }) => ({
        generation,
        listVersion,
        by,
        encapsulated: toBase64(encapsulated),
        sealed: toBase64(sealed),
        signature: toBase64(signature),
      })),
    };
  }

  private async listOf(user: UserId): Promise<{ accountKey: Uint8Array; listVersion: number }> {
    const [list] = await this.ports.store.readDeviceLists([{ user, after: Number.MAX_SAFE_INTEGER }]);
    if (!list?.accountKey) throw new SottoError("device-unknown");
    return { accountKey: list.accountKey, listVersion: list.version };
  }
}

const unsigned = (): SottoError =>
  new SottoError("forbidden", { detail: "It is not signed by the key that it takes." });
