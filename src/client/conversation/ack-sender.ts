/** Tells the node how far this device has stored the log: signed, cumulative, one at a time, the newest only. */
import { toBase64 } from "../../protocol/base64.ts";
import { SottoError } from "../../protocol/errors.ts";
import type { ClientCore } from "../core.ts";
import type { ConversationState } from "./conversation-state.ts";
import { backoffMs, delay } from "../async/waiting.ts";

export class AckSender {
  private readonly core: ClientCore;
  private readonly state: ConversationState;
  /** How far the node has heard, in this session of the client. */
  private acked = 0;
  private running: Promise<void> | undefined;

  constructor(core: ClientCore, state: ConversationState) {
    this.core = core;
    this.state = state;
  }

  /** What the node says it knows; after a lost ack it is less than was sent. */
  noteAcked(position: number): void {
    this.acked = position;
  }

  /** Acks what has been stored since. Failures are left to the next call, or to the next sync. */
  wake(): void {
    this.running ??= this.run().finally(() => (this.running = undefined));
  }

  /** Resolves when nothing is left to ack, or nothing can be. */
  async settled(): Promise<void> {
    await this.running;
  }

  private async run(): Promise<void> {
    for (let attempt = 0; !this.core.closing.aborted;) {
      const { position: sequence, logHash, unopened, joinedSequence } = this.state.record;
      if (sequence <= this.acked || !logHash || joinedSequence === 0 || sequence < joinedSequence) return;
      const ack = { conversation: this.state.id, sequence, logHash, unopened };
      const signature = toBase64(this.core.own.signAck(ack));
      try {
        await this.core.connection.request("message:ack", { ...ack, logHash: toBase64(logHash), signature });
        this.acked = Math.max(this.acked, sequence);
        attempt = 0;
      } catch (error) {
        if (!(error instanceof SottoError) || !error.retryable || error.code === "offline") return;
        const wait = Math.max(error.retryAfterMs ?? 0, backoffMs(attempt++, 100, 10_000));
        await delay(wait, this.core.closing).catch(() => undefined);
      }
    }
  }
}
