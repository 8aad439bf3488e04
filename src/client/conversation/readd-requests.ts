/**
 * How a device that cannot follow any more asks to be removed from the group and added to it again: at once, and ever more seldom
 * until it is. Who was to answer may have gone away, or have lost against another change of the group.
 */
import type { KeyPackagePair } from "../../crypto/group-engine.ts";
import { toBase64 } from "../../protocol/base64.ts";
import { SottoError } from "../../protocol/errors.ts";
import type { ConversationSummary } from "../../protocol/requests.ts";
import { backoffMs, passes } from "../async/waiting.ts";
import { reportFailure, type ClientCore } from "../core.ts";
import type { ConversationState } from "./conversation-state.ts";

/** How many of the turns that others wait to answer in pass before it is asked again: at first, and at most. */
const turnsBetween = { first: 20, longest: 640 };

export class ReaddRequests {
  private readonly core: ClientCore;
  private readonly state: ConversationState;
  private asking: Promise<void> | undefined;
  private isInsisting = false;
  /** What it asks with, again and again: one package for each place in the log that the node has given it. */
  private offer: { pair: KeyPackagePair; suite: number; joinedSequence: number } | undefined;

  constructor(core: ClientCore, state: ConversationState) {
    this.core = core;
    this.state = state;
  }

  /**
   * Asks to be removed and added, under a fresh key package; once, whoever finds at the same time that it must. `summary`: what the
   * node was known to hold of this device when it found that. Throws `stale-epoch` where it was added again since.
   */
  ask(summary?: ConversationSummary): Promise<void> {
    this.asking ??= this.askOnce(summary).finally(() => (this.asking = undefined));
    if (!this.isInsisting) void this.insist();
    return this.asking;
  }

  private async insist(): Promise<void> {
    this.isInsisting = true;
    const { rosterPatienceMs } = this.core.timings;
    const [first, longest] = [turnsBetween.first * rosterPatienceMs, turnsBetween.longest * rosterPatienceMs];
    for (let attempt = 0; ; attempt += 1) {
      const isTime = await passes(backoffMs(attempt, first, longest), this.core.closing);
      if (!isTime || !this.isLost) break;
      await this.askAgain().catch((error: unknown) => {
        if (!(error instanceof SottoError)) reportFailure(this.core, error, { conversation: this.state.id });
      });
    }
    this.isInsisting = false;
  }

  /** By what this device holds: where it was added meanwhile, and has not taken its Welcome yet, the node refuses. */
  private async askAgain(): Promise<void> {
    if (this.core.connection.state === "online") await this.ask();
  }

  private get isLost(): boolean {
    return this.state.record.lostAt !== null && this.state.record.left === null;
  }

  private async askOnce(summary?: ConversationSummary): Promise<void> {
    const { refusedGeneration } = this.state.record;
    const generation = Math.max(this.state.record.generation, summary?.generation ?? 0);
    if (generation > 0 && generation <= refusedGeneration) return;
    const joinedSequence = Math.max(this.state.record.joinedSequence, summary?.joinedSequence ?? 0);
    const pair = await this.pairFor(joinedSequence);
    const request = {
      conversation: this.state.id,
      generation: Math.max(generation, 1),
      epoch: this.state.group?.epoch ?? 0,
      keyPackage: pair.publicBytes,
      device: this.core.own.device,
    };
    await this.core.connection.request("readd:request", {
      conversation: request.conversation,
      generation: request.generation,
      epoch: request.epoch,
      ...(joinedSequence > 0 && { joinedSequence }),
      keyPackage: toBase64(pair.publicBytes),
      signature: toBase64(this.core.own.signReaddRequest(request)),
    });
  }

  private async pairFor(joinedSequence: number): Promise<KeyPackagePair> {
    const { suite } = this.state.record;
    if (this.offer?.joinedSequence !== joinedSequence || this.offer.suite !== suite) {
      this.offer = { pair: await this.core.supply.make(suite), suite, joinedSequence };
    }
    return this.offer.pair;
  }
}
