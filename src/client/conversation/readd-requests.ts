/** How a device that cannot follow any more asks to be removed from the group and added to it again. */
import { toBase64 } from "../../protocol/base64.ts";
import type { ConversationSummary } from "../../protocol/requests.ts";
import type { ClientCore } from "../core.ts";
import type { ConversationState } from "./conversation-state.ts";

export class ReaddRequests {
  private readonly core: ClientCore;
  private readonly state: ConversationState;
  private asking: Promise<void> | undefined;

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
    return this.asking;
  }

  private async askOnce(summary?: ConversationSummary): Promise<void> {
    const { refusedGeneration } = this.state.record;
    const generation = Math.max(this.state.record.generation, summary?.generation ?? 0);
    if (generation > 0 && generation <= refusedGeneration) return;
    const pair = await this.core.supply.make(this.state.record.suite);
    const request = {
      conversation: this.state.id,
      generation: Math.max(generation, 1),
      epoch: this.state.group?.epoch ?? 0,
      keyPackage: pair.publicBytes,
      device: this.core.own.device,
    };
    const joinedSequence = Math.max(this.state.record.joinedSequence, summary?.joinedSequence ?? 0);
    await this.core.connection.request("readd:request", {
      conversation: request.conversation,
      generation: request.generation,
      epoch: request.epoch,
      ...(joinedSequence > 0 && { joinedSequence }),
      keyPackage: toBase64(pair.publicBytes),
      signature: toBase64(this.core.own.signReaddRequest(request)),
    });
  }
}
