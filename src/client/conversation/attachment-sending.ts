/**
 * Messages with files: each is stored at once, held back until its files are at the node, and sent then; what was written after it waits behind
 * it, so that all see one order. A restart goes on where it was. Who gives a message up removes its files.
 */
import { decodeContent, encodeContent, type TextContent } from "../../crypto/content.ts";
import { requireDescription, type AttachmentContent } from "../../crypto/attachment.ts";
import { SottoError, type ErrorCode } from "../../protocol/errors.ts";
import type { MessageId } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import { sourceOf, type AttachmentInput, type AttachmentSource } from "../attachments/attachment-source.ts";
import { newUpload } from "../attachments/upload.ts";
import { reportFailure, type ClientCore } from "../core.ts";
import { decodeRecord, outboxKey, tables, type OutboxRecord, type UploadRecord } from "../records.ts";
import type { StoredRecord } from "../stores/client-store.ts";
import type { ConversationState } from "./conversation-state.ts";
import type { Message } from "./message.ts";
import type { Outbox } from "./outbox.ts";
import type { OutgoingListener } from "./outbox-items.ts";

/** After these a message may stand in the log all the same, and others may fetch its files. */
const fateUnknown: readonly ErrorCode[] = ["state-lost", "diverged"];

/** A file that is to be uploaded, and what the message will say of it; its `hash` is not known before. */
export interface PreparedAttachment {
  source: AttachmentSource;
  record: UploadRecord;
  content: AttachmentContent;
}

/** A message whose files are on their way, and what it is to say. */
interface Held {
  message: Message;
  content: TextContent;
}

interface Work {
  stop: AbortController;
  done: Promise<void>;
}

export class AttachmentSending {
  private readonly core: ClientCore;
  private readonly state: ConversationState;
  private readonly outbox: () => Outbox;
  private readonly underWay = new Map<MessageId, Work>();

  constructor(core: ClientCore, state: ConversationState, outbox: () => Outbox) {
    this.core = core;
    this.state = state;
    this.outbox = outbox;
  }

  /** Throws `invalid-argument` for what cannot be sent. */
  prepare(inputs: readonly AttachmentInput[]): PreparedAttachment[] {
    if (inputs.length > limits.attachmentsPerMessage) {
      const detail = `A message has at most ${limits.attachmentsPerMessage} attachments.`;
      throw new SottoError("invalid-argument", { detail });
    }
    return inputs.map((input) => {
      const source = sourceOf(input, this.core.uploads.files);
      const { name, type, size } = source;
      const description = { name, type, size, ...(input.preview && { preview: new Uint8Array(input.preview) }) };
      requireDescription(description);
      const record = newUpload(source);
      const { blob, key } = record;
      return { source, record, content: { blob, key, hash: new Uint8Array(32), ...description } };
    });
  }

  /** Takes a message in. Resolves when it is stored, with its files still to be uploaded. */
  async hold(
    message: Message,
    content: TextContent,
    prepared: readonly PreparedAttachment[],
    listener: OutgoingListener,
  ): Promise<void> {
    const changes = prepared.map(({ record }, index) =>
      this.core.uploads.changeOf(this.idOf(message.id, index), record),
    );
    const held = { isHeld: true, changes };
    await this.outbox().add(message.id, encodeContent(content), content.sentAt, listener, held);
    // Withdrawn meanwhile: there is something to remove only now.
    if (message.state === "failed") return this.giveUp(message, message.error);
    this.begin({ message, content }, prepared);
  }

  /** Goes on with what an earlier run left, and forgets what it left of messages that are gone. */
  async load(messages: ReadonlyMap<MessageId, { record: OutboxRecord; message: Message }>): Promise<void> {
    const rows = await this.core.store.list(tables.uploads, { prefix: `${this.state.id}/` });
    for (const id of new Set(rows.map((row) => messageOf(row.id)))) {
      const ofMessage = rows.filter((row) => messageOf(row.id) === id);
      const held = messages.get(id);
      if (held?.record.held) {
        const byIndex = ofMessage.toSorted((one, other) => indexOf(one.id) - indexOf(other.id));
        this.begin(
          { message: held.message, content: decodeContent(held.record.content) as TextContent },
          byIndex.map(({ bytes }) => ({ record: decodeRecord<UploadRecord>(bytes) })),
        );
      } else {
        await this.abandon(ofMessage);
        await this.forget(ofMessage);
      }
    }
  }

  /** A message has failed or was withdrawn: nothing more is uploaded, and its files go, unless somebody may have it all the same. */
  giveUp(message: Message, error: SottoError | undefined): void {
    if (message.blobs.length === 0) return;
    const isUnknown = error !== undefined && fateUnknown.includes(error.code);
    this.end(message, { keepsFiles: isUnknown }).catch((failure: unknown) =>
      reportFailure(this.core, failure, { conversation: this.state.id }),
    );
  }

  private begin(held: Held, uploads: readonly { record: UploadRecord; source?: AttachmentSource }[]): void {
    const { message } = held;
    const stop = new AbortController();
    const done = this.uploadAll(held, uploads, stop.signal)
      .catch((error: unknown) => this.fail(message, error, stop.signal))
      .finally(() => this.underWay.delete(message.id));
    this.underWay.set(message.id, { stop, done });
  }

  private async uploadAll(
    { message, content }: Held,
    uploads: readonly { record: UploadRecord; source?: AttachmentSource }[],
    signal: AbortSignal,
  ): Promise<void> {
    const stop = new AbortController();
    const either = AbortSignal.any([signal, stop.signal]);
    const works = uploads.map(({ record, source }, index) =>
      this.core.uploads.run({
        id: this.idOf(message.id, index),
        record,
        source,
        progress: (sent, total) => message.attachments[index]?.noteProgress(sent, total),
        signal: either,
      }),
    );
    const places = await Promise.all(works).catch(async (error: unknown) => {
      // One that cannot be uploaded ends the others, too.
      stop.abort();
      await Promise.allSettled(works);
      throw error;
    });
    const attachments = content.attachments!.map((one, index) => ({ ...one, ...places[index] }));
    const settled = { ...content, attachments };
    const changes = uploads.map((_, index) => this.core.uploads.changeOf(this.idOf(message.id, index), null));
    message.settleAttachments(attachments);
    await this.outbox().release(message.id, encodeContent(settled), changes);
  }

  private async fail(message: Message, cause: unknown, signal: AbortSignal): Promise<void> {
    // Withdrawn: whoever did it says so. Closed: the next run goes on.
    if (signal.aborted || this.core.closing.aborted) return;
    const error = cause instanceof SottoError ? cause : new SottoError("internal", { cause });
    await this.outbox()
      .refuse(message.id, error)
      .catch((failure: unknown) => reportFailure(this.core, failure, { conversation: this.state.id }));
  }

  private async end(message: Message, { keepsFiles }: { keepsFiles: boolean }): Promise<void> {
    const work = this.underWay.get(message.id);
    work?.stop.abort();
    await work?.done;
    const prefix = `${this.state.id}/${message.id}/`;
    const rows = await this.core.store.list(tables.uploads, { prefix });
    if (!keepsFiles) {
      await this.abandon(rows);
      await this.core.uploads.abandon(message.blobs);
    }
    await this.forget(rows);
  }

  private abandon(rows: readonly StoredRecord[]): Promise<void> {
    return this.core.uploads.abandon(rows.map(({ bytes }) => decodeRecord<UploadRecord>(bytes).blob));
  }

  private async forget(rows: readonly StoredRecord[]): Promise<void> {
    if (rows.length > 0) await this.core.store.write(rows.map(({ id }) => this.core.uploads.changeOf(id, null)));
  }

  private idOf(message: MessageId, index: number): string {
    return `${outboxKey(this.state.id, message)}/${index}`;
  }
}

const messageOf = (id: string): MessageId => id.split("/")[1] as MessageId;
const indexOf = (id: string): number => Number(id.split("/")[2]);
