/** Files of messages on a terminal: a line for each, and where it was saved. */
import { SottoError, type Attachment, type Message } from "../../client/index.ts";
import { saveAttachment } from "../../client/node.ts";
import { printable } from "./printable.ts";

const units = ["bytes", "kB", "MB", "GB"];

/** `[photo.jpg, 1.2 MB]` */
export function attachmentLine({ name, size }: Pick<Attachment, "name" | "size">): string {
  const exponent = size < 1000 ? 0 : Math.min(Math.floor(Math.log10(size) / 3), units.length - 1);
  const amount = exponent === 0 ? String(size) : (size / 1000 ** exponent).toFixed(1);
  return `[${printable(name).replaceAll("\t", " ")}, ${amount} ${units[exponent]}]`;
}

/** What a person sees of a message: what it says, and its files below. */
export function linesOf({ attachments }: Message, text: string): string[] {
  return [...(text === "" && attachments.length > 0 ? [] : [text]), ...attachments.map(attachmentLine)];
}

/** Saves the files of a message, one after another; answers a line for each. */
export async function saveAll(
  { attachments }: Message,
  folder: string | undefined,
  signal: AbortSignal,
): Promise<string[]> {
  const lines: string[] = [];
  if (folder === undefined) return lines;
  for (const attachment of attachments) {
    try {
      lines.push(`saved ${await saveAttachment(attachment.download({ signal }), { folder })}`);
    } catch (error) {
      const code = error instanceof SottoError ? error.code : (error as NodeJS.ErrnoException).code;
      lines.push(
        `not saved ${attachmentLine(attachment)}: ${error instanceof SottoError ? error.message : ""} (${code ?? "internal"})`,
      );
    }
  }
  return lines;
}
