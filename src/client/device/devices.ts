/**
 * This user's devices: listing, naming, revoking, and linking a new one. The new device shows a code that never passes the server;
 * a primary device takes it, certifies the new device and hands over what it needs, sealed to the code.
 */
import { decodeLinkPayload, encodeLinkPayload } from "../../crypto/link-payload.ts";
import { channelOfLinkCode, newLink, openLink, sealLink, type NewLink } from "../../crypto/link-sealing.ts";
import { decodeDeviceListEntry } from "../../identity/device-list.ts";
import { fromBase64, toBase64 } from "../../protocol/base64.ts";
import { SottoError } from "../../protocol/errors.ts";
import type { DeviceId } from "../../protocol/ids.ts";
import { inBackground, unlessPassing, type ClientCore } from "../core.ts";
import type { ArchiveKeys } from "./archive-keys.ts";
import type { DeviceNames } from "./device-names.ts";
import type { Session } from "../connection/session.ts";
import { withDeadline } from "../async/waiting.ts";

export interface DeviceInfo {
  id: DeviceId;
  /** Whether it is the one asking. */
  current: boolean;
  /** What it was called on one of this user's devices; sealed from the node. */
  name: string | undefined;
  addedAt: Date;
  revokedAt: Date | undefined;
}

export interface DeviceLink {
  /** To be typed or scanned on a device of this user that is set up already. It stands for this device and is good for ten minutes. */
  code: string;
  /** Resolves with the digits that both devices show, when the other one has taken the code and this one is admitted. Errors: `link-mismatch`, `timeout`, `aborted`. */
  completed: Promise<{ checkDigits: string }>;
}

export class Devices {
  private readonly core: ClientCore;
  private readonly archiveKeys: ArchiveKeys;
  private readonly names: DeviceNames;
  private linking: NewLink | undefined;

  constructor(core: ClientCore, archiveKeys: ArchiveKeys, names: DeviceNames) {
    this.core = core;
    this.names = names;
    this.archiveKeys = archiveKeys;
  }

  /** All devices this user ever had, as its signed list says. */
  async list(): Promise<DeviceInfo[]> {
    const { own, directory } = this.core;
    if (this.core.connection.state === "online") {
      await directory.refresh(own.user);
      await this.names.settle();
    }
    const revokedAt = new Map<DeviceId, Date>();
    const infos: DeviceInfo[] = [];
    for (const bytes of directory.entries(own.user)) {
      const { entry } = decodeDeviceListEntry(bytes);
      const at = new Date(entry.at);
      if (entry.operation === "reset") for (const { id } of infos) if (!revokedAt.has(id)) revokedAt.set(id, at);
      if (entry.operation === "revoke") revokedAt.set(entry.device, at);
      else
        infos.push({
          id: entry.device,
          current: entry.device === own.device,
          name: this.names.of(entry.device),
          addedAt: at,
          revokedAt: undefined,
        });
    }
    return infos.map((info) => {
      const at = revokedAt.get(info.id);
      return at ? { ...info, name: undefined, revokedAt: at } : info;
    });
  }

  /**
   * Calls a device something, on all devices of this user: 1 to 128 bytes of UTF-8. Resolves when this device holds to it, and the node
   * where there is a connection; it is told later where there is none. Errors: `invalid-argument`, `device-unknown`.
   */
  async rename(id: string, name: string): Promise<void> {
    const { own, directory, connection } = this.core;
    const device = id as DeviceId;
    if (device !== own.device && !directory.liveDevices(own.user).includes(device)) {
      throw new SottoError("device-unknown");
    }
    await this.names.set(device, name);
    if (connection.state !== "online") return;
    await this.names.settle().catch(unlessPassing);
  }

  /** Takes a device out: it is closed out at once, and removed from every conversation. Error: `forbidden` on a linked device. */
  async revoke(id: string): Promise<void> {
    const { own, directory, connection } = this.core;
    const list = await directory.refresh(own.user);
    const entry = own.revokeEntry(list, id as DeviceId);
    await connection.request("devices:revoke", { entry: toBase64(entry) });
    await directory.refresh(own.user);
    inBackground(this.core, this.archiveKeys.settle());
  }

  /** On a new device: makes the code under which another device of this user adds this one. Call instead of `connect`. */
  async link(options: { signal?: AbortSignal; timeout?: number } = {}): Promise<DeviceLink> {
    const { own, connection } = this.core;
    if (own.isCertified) throw new SottoError("invalid-argument", { detail: "This device is set up already." });
    const link = newLink(own.user, own.device, own.deviceKey);
    this.linking = link;
    const completed = this.complete(link, options);
    completed.catch(() => undefined);
    await connection.connect(options.signal);
    return { code: link.code, completed };
  }

  /** On the first device: takes the code that a new one shows. Errors: `link-unknown`, `link-mismatch`, `forbidden`. */
  async approve(code: string): Promise<{ checkDigits: string; device: DeviceId }> {
    const { own, directory, connection } = this.core;
    if (!own.isPrimary)
      throw new SottoError("forbidden", { detail: "Only the first device of a user can link others." });
    const channel = channelOfLinkCode(code);
    const offer = await connection.request("link:fetch", { channel: toBase64(channel) });
    const device = {
      user: own.user,
      device: offer.device,
      deviceKey: fromBase64(offer.deviceKey),
      kemPublicKey: fromBase64(offer.kemKey),
    };
    const list = await directory.refresh(own.user);
    const entry = own.addEntry(list, device);
    const { accountKey } = own;
    if (!accountKey) throw new SottoError("device-unknown");
    const payload = encodeLinkPayload({
      accountKey,
      entries: [...directory.entries(own.user), entry],
      archiveKeys: own.archiveKeys,
      recovery: own.recovery,
      pins: directory.pins(),
    });
    const { sealed, checkDigits } = sealLink(code, device, payload);
    payload.fill(0);
    await connection.request("link:complete", {
      channel: toBase64(channel),
      entry: toBase64(entry),
      sealed: toBase64(sealed),
    });
    await directory.refresh(own.user);
    return { checkDigits, device: device.device };
  }

  /** Waits for no link any more. The code is of no use from now on. */
  abandonLink(): void {
    this.linking = undefined;
  }

  /** For the client: while a link waits, a session offers it instead of proving a device. */
  async admitLinking(session: Session): Promise<boolean> {
    const { linking } = this;
    if (!linking || this.core.own.isCertified) return false;
    await session.ask("link:offer", {
      channel: toBase64(linking.channel),
      device: this.core.own.device,
      deviceKey: toBase64(this.core.own.deviceKey),
      kemKey: toBase64(linking.kemPublicKey),
    });
    return true;
  }

  private async complete(
    link: NewLink,
    options: { signal?: AbortSignal; timeout?: number },
  ): Promise<{ checkDigits: string }> {
    const { connection } = this.core;
    let off = (): void => undefined;
    const sealed = new Promise<string>((resolve) => {
      off = connection.on("push", (push) => {
        if (push.name === "link:completed") resolve(push.payload.sealed);
      });
    });
    const { timeout, signal } = options;
    const bytes = fromBase64(await withDeadline(sealed, { timeoutMs: timeout, signal }).finally(off));
    const { payload, checkDigits } = openLink(link, bytes);
    await this.accept(payload);
    this.linking = undefined;
    connection.renew();
    await connection.connect(signal);
    return { checkDigits };
  }
  /** Contacts count as the other device knew them, and no recovery key of before the latest that it had heard of. */
  private async accept(payload: Uint8Array): Promise<void> {
    const { own, directory } = this.core;
    const { accountKey, entries, archiveKeys, recovery, pins: known } = decodeLinkPayload(payload);
    payload.fill(0);
    directory.pinOwn(own.user, accountKey);
    const list = await directory.adopt(own.user, accountKey, [...entries], 0);
    const listed = list.devices.get(own.device);
    if (!listed) throw new SottoError("link-mismatch");
    const { pins, changes } = directory.pinChanges(known);
    const { certificate } = listed;
    const linked = { accountKey, certificate, archiveKeys: [...archiveKeys] };
    await own.acceptLinked({ ...linked, ...(recovery && { recovery: { ...recovery, isChecked: false } }) }, changes);
    for (const pin of pins) directory.hold(pin);
  }
}
