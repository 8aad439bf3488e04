import type { Client, ExportProgress, ExportRecord } from "../../client/index.ts";
import type { ExportFacts } from "../bridge/contract.ts";
import type { Tell } from "../bridge/answering.ts";

/** In characters: what is longer goes to the browser, which keeps it where it likes, on the disk, too. */
const heldAtMost = 1 << 20;
const toldEveryMs = 100;

interface Export {
  files: boolean;
  signal: AbortSignal;
  tell: Tell;
}

/** Writes a user's messages into a file of the browser's, piece by piece. Errors: `aborted`, `closed`. */
export async function exportToFile(client: Client, { files, signal, tell }: Export): Promise<ExportFacts> {
  const parts: Blob[] = [];
  let held = "";
  let last: ExportRecord | undefined;
  for await (const record of client.export({ attachments: files, signal, onProgress: nowAndThen(tell) })) {
    held += `${JSON.stringify(record)}\n`;
    last = record;
    if (held.length < heldAtMost) continue;
    parts.push(new Blob([held]));
    held = "";
  }
  const { messages, unreadable } = last as Extract<ExportRecord, { record: "end" }>;
  return { file: new Blob([...parts, held], { type: "application/jsonl" }), messages, unreadable };
}

function nowAndThen(tell: Tell): (progress: ExportProgress) => void {
  let toldAt = 0;
  return ({ conversations, of, messages }) => {
    if (Date.now() - toldAt < toldEveryMs) return;
    toldAt = Date.now();
    tell("export", { conversations, of, messages });
  };
}
