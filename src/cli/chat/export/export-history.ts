/** `sotto chat --export FILE`: everything that this device can read, decrypted, a record a line; files in a folder beside it. */
import {
  SottoError,
  type Client,
  type Conversation,
  type ExportedMessage,
  type ExportRecord,
} from "../../../client/index.ts";
import { UsageError, type ChatOptions } from "../chat-options.ts";
import { orAborted } from "../send-lines.ts";
import { NewFile } from "../../new-file.ts";
import type { Terminal } from "../terminal.ts";
import { AttachmentFolder } from "./attachment-folder.ts";

interface Places {
  lines: NewFile;
  files: AttachmentFolder | undefined;
}

interface Written {
  conversations: number;
  messages: number;
  attachments: number;
  /** How many, by their reason. */
  unreadable: Record<string, number>;
}

/** Answers 1 where something could not be read, or it was stopped; then nothing is written. */
export async function exportHistory(
  client: Client,
  options: ChatOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const places = await begin(options);
  try {
    await orAborted(client.sync(), signal);
    const written = await writeAll(client, options, { places, terminal, signal });
    await places.files?.place();
    await places.lines.place();
    report(written, options, terminal);
    return Object.keys(written.unreadable).length === 0 ? 0 : 1;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof UsageError || (error instanceof SottoError && code !== "aborted") || code === undefined)
      throw error;
    terminal.note(
      code === "aborted" ? "stopped: nothing was written" : `${options.exportTo} was not written (${code})`,
    );
    return 1;
  } finally {
    await places.lines.discard();
    await places.files?.discard();
  }
}

async function begin({ exportTo, saveAttachments, force }: ChatOptions): Promise<Places> {
  const lines = await NewFile.begin(exportTo, {
    mayReplace: force,
    refusal: (why) => new UsageError(`${exportTo} ${why}${why === "is there already" ? ": --force replaces it" : ""}`),
  });
  try {
    return {
      lines,
      files: saveAttachments === undefined ? undefined : await AttachmentFolder.begin(saveAttachments, force),
    };
  } catch (error) {
    await lines.discard();
    throw error;
  }
}

async function writeAll(
  client: Client,
  options: ChatOptions,
  { places, terminal, signal }: { places: Places; terminal: Terminal; signal: AbortSignal },
): Promise<Written> {
  const written: Written = { conversations: 0, messages: 0, attachments: 0, unreadable: {} };
  const conversation = options.peer === undefined ? undefined : directWith(client, options.peer);
  let line = "";
  const progress = terminal.progress(() => line);
  try {
    const records = client.export({
      ...(conversation && { conversation }),
      attachments: places.files !== undefined,
      signal,
      onProgress: ({ conversations, of, messages }) =>
        (line = `${conversations} of ${of} conversations, ${messages} messages`),
    });
    let message: ExportedMessage | undefined;
    for await (const record of records) {
      if (record.record === "message") message = record;
      await write(record, message, places);
      count(record, written);
    }
    return written;
  } finally {
    progress.stop();
  }
}

/** `message`: the one before, of which a file is. */
async function write(
  record: ExportRecord,
  message: ExportedMessage | undefined,
  { lines, files }: Places,
): Promise<void> {
  const placeOf = (attachment: number, name = message?.attachments?.[attachment]?.name ?? "") => {
    return { message: message?.id ?? "", attachment, name };
  };
  if (record.record === "attachment") {
    await files?.write(placeOf(record.attachment), Buffer.from(record.bytes, "base64"));
    return;
  }
  if (record.record === "unreadable" && record.attachment !== undefined) await files?.drop(placeOf(record.attachment));
  const attachments =
    record.record === "message" && files && record.attachments
      ? record.attachments.map((one, index) => ({ ...one, file: files.nameOf(placeOf(index, one.name)) }))
      : undefined;
  await lines.write(`${JSON.stringify({ ...record, ...(attachments && { attachments }) })}\n`);
}

function count(record: ExportRecord, written: Written): void {
  if (record.record === "unreadable") written.unreadable[record.reason] = (written.unreadable[record.reason] ?? 0) + 1;
  if (record.record !== "end") return;
  const { conversations, messages, attachments } = record;
  Object.assign(written, { conversations, messages, attachments });
}

function directWith(client: Client, peer: string): Conversation {
  const found = client.conversations().find((one) => one.peer === peer);
  if (found) return found;
  throw new SottoError("conversation-unknown", { detail: `${client.user} has no conversation with ${peer}.` });
}

function report(written: Written, { exportTo, json }: ChatOptions, terminal: Terminal): void {
  const { conversations, messages, attachments, unreadable } = written;
  if (json) return terminal.print(JSON.stringify(written));
  terminal.print(`${conversations} conversations, ${messages} messages, ${attachments} files: ${exportTo}`);
  for (const [reason, number] of Object.entries(unreadable)) terminal.note(`could not be read: ${number} (${reason})`);
}
