/**
 * Everything that this device can read, record by record: it pages through `history()`, so that what the device does not hold comes from the
 * node, and holds one page at a time. What cannot be read is a record, too, and ends nothing but its message, file or conversation.
 */
import { toBase64 } from "../../protocol/base64.ts";
import { SottoError } from "../../protocol/errors.ts";
import type { ConversationId } from "../../protocol/ids.ts";
import type { Conversation } from "../conversation/conversation.ts";
import type { HistoryPage } from "../conversation/history-pages.ts";
import type { Message } from "../conversation/message.ts";
import type { ClientCore } from "../core.ts";
import {
  conversationRecord,
  exportFormat,
  messageRecord,
  type ExportedBytes,
  type ExportedEnd,
  type ExportedGap,
  type ExportRecord,
} from "./export-records.ts";
import { wholeHistory } from "./whole-history.ts";

export interface ExportOptions {
  /** This one only. */
  conversation?: Conversation | string;
  /** Also what is in the files: `attachment` records. */
  attachments?: boolean;
  signal?: AbortSignal;
  /** Conversations that are done, of how many; messages and bytes of files so far. */
  onProgress?: (progress: ExportProgress) => void;
}

export interface ExportProgress {
  conversations: number;
  of: number;
  messages: number;
  bytes: number;
}

export class HistoryExport {
  private readonly core: Pick<ClientCore, "own" | "connection" | "closing">;
  private readonly options: ExportOptions;
  private readonly counts = { conversations: 0, messages: 0, attachments: 0, unreadable: 0 };
  private readonly progress: ExportProgress;
  private readonly chosen: readonly Conversation[];
  private readonly over: AbortSignal;

  /** Error: `conversation-unknown`. */
  constructor(
    core: Pick<ClientCore, "own" | "connection" | "closing">,
    all: readonly Conversation[],
    options: ExportOptions,
  ) {
    const { conversation, signal } = options;
    const id = typeof conversation === "string" ? conversation : conversation?.id;
    this.core = core;
    this.options = options;
    this.chosen = id === undefined ? all : all.filter((one) => one.id === id);
    if (id !== undefined && this.chosen.length === 0) throw new SottoError("conversation-unknown");
    this.progress = { conversations: 0, of: this.chosen.length, messages: 0, bytes: 0 };
    this.over = signal ? AbortSignal.any([core.closing, signal]) : core.closing;
  }

  private get reader(): Pick<ClientCore, "connection" | "closing"> {
    return { connection: this.core.connection, closing: this.over };
  }

  /** Errors: `aborted`, `closed`. */
  async *records(): AsyncGenerator<ExportRecord, void, void> {
    const { user, device } = this.core.own;
    const head = { format: exportFormat, user, device, exportedAt: new Date().toISOString() } as const;
    yield { record: "export", ...head, conversations: this.chosen.length };
    for (const conversation of this.chosen) {
      yield* this.recordsOf(conversation);
      this.counts.conversations += 1;
      this.tell({ conversations: 1 });
    }
    yield { record: "end", ...this.counts } satisfies ExportedEnd;
  }

  private async *recordsOf(conversation: Conversation): AsyncGenerator<ExportRecord, void, void> {
    const { user } = this.core.own;
    let isBegun = false;
    try {
      for await (const page of wholeHistory(this.reader, conversation, this.options.signal)) {
        if (!isBegun) yield conversationRecord(conversation, user, page);
        isBegun = true;
        for (const one of page.messages) yield* this.recordsOfMessage(conversation.id, one);
        if (page.earlier === "not-now") yield this.gap({ conversation: conversation.id, reason: "not-now" });
        if (!page.isComplete) yield this.gap({ conversation: conversation.id, reason: "incomplete" });
      }
    } catch (error) {
      const reason = reasonOf(error);
      if (!isBegun) yield conversationRecord(conversation, user, { earlier: "not-now", floor: 0 });
      yield this.gap({ conversation: conversation.id, reason });
    }
  }

  private async *recordsOfMessage(
    conversation: ConversationId,
    one: HistoryPage["messages"][number],
  ): AsyncGenerator<ExportRecord, void, void> {
    if (this.options.signal?.aborted) throw new SottoError("aborted");
    if ("reason" in one) {
      const { sequence, sender, reason } = one;
      yield this.gap({ conversation, reason, sequence, sender: sender.user });
      return;
    }
    yield messageRecord(conversation, one);
    this.counts.messages += 1;
    this.tell({ messages: 1 });
    if (!this.options.attachments) return;
    for (const index of one.attachments.keys()) yield* this.bytesOf(conversation, one, index);
  }

  private async *bytesOf(
    conversation: ConversationId,
    { id, attachments }: Message,
    index: number,
  ): AsyncGenerator<ExportedBytes | ExportedGap, void, void> {
    const place = { conversation, message: id, attachment: index };
    const file = attachments[index];
    if (!file) return;
    let offset = 0;
    try {
      for await (const chunk of file.download({ signal: this.over })) {
        yield { record: "attachment", ...place, offset, bytes: toBase64(chunk) };
        offset += chunk.length;
        this.tell({ bytes: chunk.length });
      }
      if (file.size === 0) yield { record: "attachment", ...place, offset, bytes: "" };
      this.counts.attachments += 1;
    } catch (error) {
      yield this.gap({ ...place, reason: reasonOf(error) });
    }
  }

  private gap(about: Omit<ExportedGap, "record">): ExportedGap {
    this.counts.unreadable += 1;
    return { record: "unreadable", ...about };
  }

  private tell(more: Partial<ExportProgress>): void {
    const { progress } = this;
    for (const name of ["conversations", "messages", "bytes"] as const) progress[name] += more[name] ?? 0;
    this.options.onProgress?.({ ...progress });
  }
}

/** The code of a refusal; what ends the whole, and what nobody foresaw, is thrown on. */
function reasonOf(error: unknown): string {
  if (!(error instanceof SottoError) || error.code === "aborted" || error.code === "closed") throw error;
  return error.code;
}
