/**
 * Who of a conversation has been erased: the node names them by pseudonyms, and by the keys that their devices had, which say who it was
 * to whoever knows those devices. They stay in the group's tree until somebody removes them; nothing waits for them.
 */
import { isErasedUser } from "../../protocol/erased-users.ts";
import { equalBytes } from "../../protocol/equal-bytes.ts";
import type { DeviceId, UserId } from "../../protocol/ids.ts";
import type { ConversationSummary } from "../../protocol/requests.ts";
import type { ClientCore } from "../core.ts";
import type { ConversationState } from "./conversation-state.ts";

export class ErasedMembers {
  private readonly core: ClientCore;
  private readonly state: ConversationState;

  constructor(core: ClientCore, state: ConversationState) {
    this.core = core;
    this.state = state;
  }

  /** By name. */
  has(user: UserId): boolean {
    return this.all.some((one) => one.user === user);
  }

  /** The name of a member, by that or by the pseudonym. */
  nameOf(user: UserId): UserId {
    return this.all.find(({ pseudonym }) => pseudonym === user)?.user ?? user;
  }

  /** Takes up who has been erased since. Whether there is somebody new. Errors: those of the connection. */
  async note({ users }: Pick<ConversationSummary, "users">): Promise<boolean> {
    const fresh = users.filter((user) => isErasedUser(user) && !this.all.some(({ pseudonym }) => pseudonym === user));
    let isMoved = false;
    for (const pseudonym of fresh) {
      const user = this.ownerOf(await this.core.directory.erasedDevices(pseudonym));
      if (user === undefined || user === this.core.own.user) continue;
      await this.core.directory.noteErased(user, pseudonym);
      await this.state.queue.run(() => {
        const { peer, erased = [] } = this.state.record;
        const record = { erased: [...erased, { user, pseudonym }], peer: peer === user ? pseudonym : peer };
        return this.state.commit({ record });
      });
      isMoved = true;
    }
    return isMoved;
  }

  private get all() {
    return this.state.record.erased ?? [];
  }

  /** Whose devices those are, by their keys: a node can give them to nobody else. */
  private ownerOf(devices: ReadonlyMap<DeviceId, { deviceKey: Uint8Array }>): UserId | undefined {
    const isOne = ({ device, deviceKey }: { device: DeviceId; deviceKey: Uint8Array }): boolean => {
      const erased = devices.get(device);
      return erased !== undefined && equalBytes(erased.deviceKey, deviceKey);
    };
    const member = this.state.group?.members.find(isOne);
    if (member) return member.user;
    for (const [device, { deviceKey }] of devices) {
      const user = this.core.directory.ownerOf(device);
      const listed = user && this.core.directory.deviceOf({ user, device });
      if (user && listed && equalBytes(listed.deviceKey, deviceKey)) return user;
    }
    return undefined;
  }
}
