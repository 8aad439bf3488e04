/**
 * Who is writing. What is said here goes out a few times a minute at most, whatever an application calls; what is heard is shown for
 * a few seconds, or until a message comes. Nothing is stored: a signal that gets lost is not missed.
 */
import { exportTypingKey, openTyping, sealTyping } from "../../crypto/typing-signal.ts";
import { fromBase64, toBase64 } from "../../protocol/base64.ts";
import type { DeviceId, UserId } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import type { PushOf } from "../../protocol/pushes.ts";
import { passes } from "../async/waiting.ts";
import { inBackground, type ClientCore } from "../core.ts";
import type { ConversationState } from "./conversation-state.ts";

export interface TypingEvent {
  user: UserId;
  isTyping: boolean;
}

/** A signal whose sender's clock says something else is old, or the clocks are too far apart to tell. */
const freshMs = 120_000;

export class Typing {
  private readonly core: ClientCore;
  private readonly state: ConversationState;
  private readonly show: (event: TypingEvent) => void;
  /** When others were told last that this user is writing; 0 when they were not, or it has stopped. */
  private toldAt = 0;
  private lastSignalAt = 0;
  /** What is from before may have been shown by an earlier run of the client, which has left no word of it. */
  private readonly since = Date.now();
  private key: { generation: number; epoch: number; bytes: Promise<Uint8Array> } | undefined;
  /** The newest signal of each device, in the epoch that it is of. */
  private readonly newest = new Map<DeviceId, { generation: number; epoch: number; at: number }>();
  private readonly shown = new Map<UserId, AbortController>();

  constructor(core: ClientCore, state: ConversationState, show: (event: TypingEvent) => void) {
    this.core = core;
    this.state = state;
    this.show = show;
  }

  /** Cheap: all but a call every few seconds return at once. Whoever does not want it to be seen tells nobody. */
  signal(isTyping: boolean): void {
    const now = Date.now();
    const { typingEveryMs, typingShownMs } = this.core.timings;
    const sinceTold = Math.abs(now - this.toldAt);
    if (isTyping ? sinceTold < typingEveryMs : sinceTold > typingShownMs) return;
    if (!this.mayTell()) return;
    this.toldAt = isTyping ? now : 0;
    this.lastSignalAt = Math.max(this.lastSignalAt + 1, now);
    // A signal that cannot go now is of no use later.
    this.send(isTyping, this.lastSignalAt).catch(() => undefined);
  }

  /** A message has been sent, which says to others that the writing is over. */
  sent(): void {
    this.toldAt = 0;
  }

  /** A signal was pushed. One that is not of a member, not of this epoch, from before this run, or not newer than the last is dropped. */
  async take(push: PushOf<"typing:sent">): Promise<void> {
    const { conversation, generation, epoch, user, device } = push;
    const { group } = this.state;
    const { own, blocks, directory } = this.core;
    if (!group || user === own.user || blocks.has(user) || directory.isInDoubt({ user, device })) return;
    const isOfNow = generation === group.generation && epoch === group.epoch;
    const member = group.members.find((one) => one.user === user && one.device === device);
    if (!isOfNow || !member) return;
    const place = { conversation, generation, epoch, user, device };
    const opened = await this.keyOf(group)
      .then((bytes) => openTyping(bytes, member.deviceKey, place, fromBase64(push.sealed)))
      .catch(() => undefined);
    if (!opened || opened.at < this.since || Math.abs(Date.now() - opened.at) > freshMs) return;
    const last = this.newest.get(device);
    const isReplay = last?.generation === generation && last.epoch === epoch && last.at >= opened.at;
    if (isReplay) return;
    this.newest.set(device, { generation, epoch, at: opened.at });
    if (opened.isTyping) this.begin(user);
    else this.end(user);
  }

  /** Nothing more of this user is shown: a message of theirs has come. */
  end(user: UserId): void {
    const waiting = this.shown.get(user);
    if (!waiting) return;
    this.shown.delete(user);
    waiting.abort();
    this.show({ user, isTyping: false });
  }

  private begin(user: UserId): void {
    const before = this.shown.get(user);
    before?.abort();
    const waiting = new AbortController();
    this.shown.set(user, waiting);
    if (!before) this.show({ user, isTyping: true });
    const over = AbortSignal.any([waiting.signal, this.core.closing]);
    const passed = passes(this.core.timings.typingShownMs, over);
    inBackground(
      this.core,
      passed.then((isOver) => isOver && this.end(user)),
      { conversation: this.state.id },
    );
  }

  private mayTell(): boolean {
    const { peer } = this.state.record;
    const { privacy, blocks, connection } = this.core;
    if (!privacy.typing || connection.state !== "online" || !this.state.canSeal) return false;
    if (peer !== null && blocks.has(peer)) return false;
    const users = new Set(this.state.group?.members.map(({ user }) => user));
    return users.size > 1 && users.size <= limits.typingUsers;
  }

  private async send(isTyping: boolean, at: number): Promise<void> {
    const { group, id: conversation } = this.state;
    if (!group) return;
    const { generation, epoch } = group;
    const { user, device, deviceSecretKey } = this.core.own.identity();
    const place = { conversation, generation, epoch, user, device };
    const sealed = toBase64(sealTyping(await this.keyOf(group), deviceSecretKey, place, { isTyping, at }));
    await this.core.connection.request("typing:send", { conversation, generation, epoch, sealed });
  }

  /** Of the group's epoch; the one before is forgotten. */
  private keyOf(group: NonNullable<ConversationState["group"]>): Promise<Uint8Array> {
    const { generation, epoch } = group;
    if (this.key?.generation !== generation || this.key.epoch !== epoch) {
      this.key?.bytes.then((bytes) => bytes.fill(0)).catch(() => undefined);
      const members = new Set(group.members.map(({ device }) => device));
      for (const device of this.newest.keys()) if (!members.has(device)) this.newest.delete(device);
      this.key = { generation, epoch, bytes: exportTypingKey(this.core.engine, group) };
    }
    return this.key.bytes;
  }
}
