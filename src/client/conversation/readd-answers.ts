/**
 * Answers requests of devices that cannot follow any more, by one commit that removes and adds them. All members are asked at once,
 * and one answer is wanted: the user's other devices answer first, then whoever holds a role, then the others, each a while
 * after the one before; whoever sees the answer in the log has none to give.
 */
import { roleOf } from "../../identity/group-policy.ts";
import { toHex } from "../../protocol/equal-bytes.ts";
import { keyPackageHash } from "../../identity/key-package-inspection.ts";
import { verifyReaddRequest } from "../../identity/readd.ts";
import { fromBase64 } from "../../protocol/base64.ts";
import type { DeviceId } from "../../protocol/ids.ts";
import type { InboxEntry } from "../../protocol/requests.ts";
import { backoffMs, delay, passes } from "../async/waiting.ts";
import { inBackground, type ClientCore } from "../core.ts";
import type { ConversationState } from "./conversation-state.ts";
import type { GroupKeeper } from "./group-keeper.ts";

type Readd = Extract<InboxEntry, { kind: "readd" }>;

/** Of one device that was added again. Key packages live for 90 days: one a week is fewer than this. */
const readdPackagesKept = 16;
/** Where the group changes all the time. The device asks again when it compares with the node. */
const attemptsAtMost = 6;

export class ReaddAnswers {
  private readonly core: ClientCore;
  private readonly state: ConversationState;
  private readonly keeper: GroupKeeper;
  /** Requests whose turn here is yet to come; the latest of each device. */
  private readonly waiting = new Map<DeviceId, AbortController>();
  /** Requests that wait for a person's word; the latest of each device. */
  private readonly held = new Map<DeviceId, Readd>();

  constructor(core: ClientCore, state: ConversationState, keeper: GroupKeeper) {
    this.core = core;
    this.state = state;
    this.keeper = keeper;
  }

  /** Answers at once where it is for this device to do it; else in its turn, without anybody waiting for it. */
  async take(request: Readd): Promise<void> {
    this.waiting.get(request.device)?.abort();
    const turn = this.turnFor(request);
    if (turn === 0) return this.answer(request);
    inBackground(this.core, this.answerInTurn(request, turn), { conversation: request.conversation });
  }

  /** These devices were added, or added again: what they asked for before is done. */
  noteJoined(devices: Iterable<DeviceId>): void {
    for (const device of devices) this.waiting.get(device)?.abort();
  }

  /** A person agrees to a request that was held. False where none is. */
  async letIn(device: DeviceId): Promise<boolean> {
    const request = this.held.get(device);
    if (request) await this.answer(request, true);
    return request !== undefined;
  }

  /** How many others come before: 0 for the first. The nearest leaves first, so that it is not always the same device. */
  private turnFor({ user, device }: Readd): number {
    const { group, record } = this.state;
    const asking = group?.members.find((member) => member.device === device);
    if (!group || !asking) return 0;
    const { policy } = group;
    const width = 1 + Math.max(...group.members.map(({ leaf }) => leaf));
    const places = group.members
      .filter((member) => member !== asking && !record.leavers.includes(member.user))
      .map((member) => {
        const others = policy && roleOf(policy, member.user) === "member" ? 2 : 1;
        const distance = (member.leaf - asking.leaf + width) % width;
        return { device: member.device, place: (member.user === user ? 0 : others) * width + distance };
      })
      .toSorted((a, b) => a.place - b.place);
    return Math.max(
      0,
      places.findIndex((one) => one.device === this.core.own.device),
    );
  }

  /** After the first one more waits for each turn, then two, four, eight: so that a hundred who are away hold nobody up for long. */
  private async answerInTurn(request: Readd, turn: number): Promise<void> {
    const waiting = new AbortController();
    this.waiting.set(request.device, waiting);
    const ms = this.core.timings.rosterPatienceMs * 2 ** Math.floor(Math.log2(turn)) * (1 + Math.random() / 2);
    const isTurn = await passes(ms, AbortSignal.any([waiting.signal, this.core.closing]));
    if (this.waiting.get(request.device) === waiting) this.waiting.delete(request.device);
    if (isTurn) await this.answer(request);
  }

  /** Removes and adds another device that cannot follow; again where another change of the group came first. */
  private async answer(request: Readd, personAgrees = false): Promise<void> {
    for (let attempt = 0; attempt < attemptsAtMost; attempt += 1) {
      if (await this.tryToAnswer(request, personAgrees)) return;
      await delay(backoffMs(attempt, 20, 1_000), this.core.closing).catch(() => undefined);
    }
  }

  /** Once in a while without a person's word. False where it is to be tried again. */
  private async tryToAnswer(request: Readd, personAgrees: boolean): Promise<boolean> {
    // A change of one's own that is under way comes first.
    if (this.state.pending) await this.keeper.changes.resend();
    const { group, record } = this.state;
    const leaf = group?.members.find((one) => one.device === request.device && one.user === request.user);
    if (!group || !leaf || !this.state.isMember || request.generation !== group.generation) return true;
    if (!this.state.canSeal) return false;
    const keyPackage = fromBase64(request.keyPackage);
    if (!verifyReaddRequest({ ...request, keyPackage }, fromBase64(request.signature), leaf.deviceKey)) return true;
    const last = record.readds[request.device];
    const name = toHex(keyPackageHash(keyPackage));
    if (last && (last.at > request.at || last.packages.includes(name))) return true;
    if (last && !personAgrees && Date.now() - last.at < this.core.timings.readdEveryMs) {
      const { conversation, user, device } = request;
      // Said once: it asks again and again.
      if (!this.held.has(device)) this.core.report({ code: "readd-held", conversation, user, device });
      this.held.set(device, request);
      return true;
    }
    this.held.delete(request.device);
    const packages = [...(last?.packages ?? []), name].slice(-readdPackagesKept);
    const readds = { ...record.readds, [request.device]: { at: Date.now(), packages } };
    const remove = [...new Set([leaf.leaf, ...this.keeper.leaversLeaves(group)])];
    // Counts once the log has it. One that is refused was none: a later request of the device has taken its place.
    const refusal = await this.keeper.changes.make(group, { add: [keyPackage], remove }, { readds });
    if (refusal) return refusal.code !== "stale-epoch";
    return this.state.record.readds[request.device]?.packages.includes(name) ?? false;
  }
}
