import type { ConversationId, DeviceId, UserId } from "../../../protocol/ids.ts";
import { parseRanges } from "../../sequence-ranges.ts";
import type { PositionGround } from "../../advance.ts";
import type { SendingGround } from "../../acceptance.ts";
import type { DueState } from "../due-state.ts";

/** A conversation whose row this transaction holds, and what is to be written of it. */
export interface LockedConversation {
  conversation: Buffer;
  kind: string;
  generation: number;
  epoch: number;
  rosterEpoch: number;
  head: number;
  floor: number;
  lastAcceptedAt: number;
  oldestAt: number | null;
  receiptVersion: number;
  lastCommit: number;
  runUser: string;
  runStart: number;
  tailDay: number;
  tailStart: number;
  createdAt: number;
  openedAt: number;
}

/** A device in it. */
export interface DeviceState {
  conversation: Buffer;
  device: Buffer;
  user: string;
  joined: number;
  left: number | null;
  position: number;
  unopened: string;
  lastVersion: number;
  lastSince: number;
  lastReceiptSequence: number;
  lastNumber: number;
  lastId: Buffer | null;
  lastSequence: number;
  revokedAt: number | null;
  isBlocked: number;
  isBlocking: number;
}

/** A user in it. */
export interface MemberState {
  conversation: Buffer;
  user: string;
  joined: number | null;
  delivered: number;
  missing: string;
  unopened: string;
}

export interface ReceiptRecord {
  conversation: Buffer;
  version: number;
  user: string;
  device: Buffer;
  sequence: number;
  at: number;
  logHash: Uint8Array;
  unopened: string;
  signature: Uint8Array;
}

/** One conversation while it is written to: what was read, changed in memory, and written at the end. */
export class ConversationWork {
  readonly row: LockedConversation;
  readonly devices = new Map<DeviceId, DeviceState>();
  readonly members = new Map<UserId, MemberState>();
  due: DueState = { dueAttempt: null, dueSince: null };
  readonly newMessages: unknown[][] = [];
  /** Of those that disappear. */
  readonly disappearing: unknown[][] = [];
  readonly changedDevices = new Set<DeviceState>();
  readonly changedMembers = new Set<MemberState>();
  readonly receipts = new Map<number, ReceiptRecord>();
  /** Versions of receipts that stood before, and are replaced. */
  readonly goneReceipts: number[] = [];
  isDueAt: number | undefined;
  isChanged = false;

  constructor(row: LockedConversation) {
    this.row = row;
  }

  sendingGround(device: DeviceId): SendingGround {
    const { generation, epoch, rosterEpoch, head } = this.row;
    const state = this.devices.get(device);
    return {
      generation,
      epoch,
      rosterEpoch,
      head,
      user: state?.user ?? null,
      leftSequence: state?.left ?? null,
      lastNumber: state?.lastNumber ?? 0,
      lastId: state?.lastId ?? null,
      revokedAt: state?.revokedAt ?? null,
      isBlocked: state?.isBlocked ?? 0,
    };
  }

  positionGround(device: DeviceId, user: UserId): PositionGround | undefined {
    const state = this.devices.get(device);
    const member = this.members.get(user);
    if (state === undefined || member === undefined) return undefined;
    const { delivered, missing, unopened } = member;
    return {
      ...state,
      unopened: parseRanges(state.unopened),
      head: this.row.head,
      floor: this.row.floor,
      delivery: {
        joined: member.joined ?? 0,
        delivered,
        missing: parseRanges(missing),
        unopened: parseRanges(unopened),
      },
    };
  }
}

export type Works = Map<ConversationId, ConversationWork>;
