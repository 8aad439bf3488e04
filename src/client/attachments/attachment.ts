/** A file of a message, as people see it: what it is called, how far it is, and its bytes when they are asked for. */
import type { AttachmentContent } from "../../crypto/attachment.ts";
import type { Content } from "../../crypto/content.ts";
import type { BlobId } from "../../protocol/blobs.ts";
import { TypedEmitter } from "../async/typed-emitter.ts";
import { AttachmentDownload, type DownloadOptions } from "./attachment-download.ts";
import type { BlobClient } from "./blob-client.ts";

/** Those of a message; none of what is no text. */
export function attachmentsOf(content: Content, blobs: BlobClient): Attachment[] {
  return content.kind === "text" ? (content.attachments ?? []).map((one) => new Attachment(one, blobs)) : [];
}

/** Where the files of a message lie at the node. */
export function blobsOf(content: Content): BlobId[] {
  return content.kind === "text" ? (content.attachments ?? []).map(({ blob }) => blob) : [];
}

export interface AttachmentEvents {
  /** Of a file that is being sent: bytes of its blob. */
  progress: { sent: number; total: number };
}

export class Attachment {
  private readonly events = new TypedEmitter<AttachmentEvents>();
  private readonly blobs: BlobClient;
  private content: AttachmentContent;
  private sentBytes = 0;

  constructor(content: AttachmentContent, blobs: BlobClient) {
    this.content = content;
    this.blobs = blobs;
  }

  /** As its sender says: for people to read. Never a path: see `fileNameOf`. */
  get name(): string {
    return this.content.name;
  }
  /** A media type, as its sender says. */
  get type(): string {
    return this.content.type;
  }
  /** In bytes. */
  get size(): number {
    return this.content.size;
  }
  /** Made by its sender, who may have made it of anything. */
  get preview(): Uint8Array | undefined {
    return this.content.preview;
  }
  /** Of a file that is being sent: bytes of its blob so far. */
  get sent(): number {
    return this.sentBytes;
  }

  on<Name extends keyof AttachmentEvents>(
    event: Name,
    listener: (payload: AttachmentEvents[Name]) => void,
  ): () => void {
    return this.events.on(event, listener);
  }

  /** The file, verified piece by piece. Nothing is fetched before it is read. See `AttachmentDownload` for its errors. */
  download(options: DownloadOptions = {}): AttachmentDownload {
    return new AttachmentDownload(this.content, this.blobs, options);
  }

  /** For who sends it: where it lies at the node. */
  get blob(): BlobId {
    return this.content.blob;
  }

  /** For who sends it. */
  noteProgress(sent: number, total: number): void {
    this.sentBytes = sent;
    this.events.emit("progress", { sent, total });
  }

  /** For who sends it: where it went in the end. */
  settle(content: AttachmentContent): void {
    this.content = content;
  }
}
