/**
 * Whom this user has blocked, the same on all of its devices: the node has the list, each device a copy in its store, so that it holds
 * offline too. In direct conversations the node keeps their messages out; in groups they are stored like all others, and not shown.
 */
import { SottoError } from "../protocol/errors.ts";
import type { UserId } from "../protocol/ids.ts";
import { TaskQueue } from "./async/task-queue.ts";
import type { Connection } from "./connection/connection.ts";
import { decodeRecord, encodeRecord, tables, type BlocksRecord } from "./records.ts";
import type { OpenClientStore } from "./stores/client-store.ts";

interface BlockListParts {
  store: OpenClientStore;
  connection: Connection;
  own: { user: UserId };
  /** The list is another one now. */
  changed: (users: UserId[]) => void;
}

const recordId = "users";

export class BlockList {
  private readonly parts: BlockListParts;
  private blocked = new Set<UserId>();
  /** One change or reading at a time: what the node says last is what is kept. */
  private readonly queue = new TaskQueue();

  constructor(parts: BlockListParts) {
    this.parts = parts;
  }

  /** Takes up what the store holds. */
  async load(): Promise<void> {
    const bytes = await this.parts.store.get(tables.blocks, recordId);
    if (bytes) this.blocked = new Set(decodeRecord<BlocksRecord>(bytes).users);
  }

  has(user: UserId): boolean {
    return this.blocked.has(user);
  }

  /** In order of their ids. */
  users(): UserId[] {
    return [...this.blocked].sort();
  }

  /** Resolves when the node and this device hold to it. Errors: `invalid-argument` for oneself, `too-many-blocks`, those of the connection. */
  async set(user: UserId, blocked: boolean): Promise<void> {
    if (user === this.parts.own.user) {
      throw new SottoError("invalid-argument", { detail: "One cannot block oneself." });
    }
    await this.queue.run(async () => {
      await this.parts.connection.request("blocks:set", { user, blocked });
      const others = this.users().filter((other) => other !== user);
      await this.keep(blocked ? [...others, user] : others);
    });
  }

  /** Reads the list anew. Errors: those of the connection. */
  refresh(): Promise<void> {
    return this.queue.run(async () => {
      const { users } = await this.parts.connection.request("blocks:read", {});
      await this.keep(users);
    });
  }

  private async keep(users: readonly UserId[]): Promise<void> {
    const isSame = users.length === this.blocked.size && users.every((user) => this.blocked.has(user));
    if (isSame) return;
    const bytes = encodeRecord({ users: [...users] } satisfies BlocksRecord);
    await this.parts.store.write([{ table: tables.blocks, id: recordId, bytes }]);
    this.blocked = new Set(users);
    this.parts.changed(this.users());
  }
}
