import { constants } from "node:fs";
import { mkdir, open, readdir, rename, rm, rmdir, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { fileNameOf } from "../../../client/index.ts";
import { UsageError } from "../chat-options.ts";

/** Which of a message's files, and how it is called. */
export interface AttachmentPlace {
  message: string;
  attachment: number;
  name: string;
}

/** The files of an export, for their owner alone: written in a folder inside of theirs, and put in their places when all are there. */
export class AttachmentFolder {
  private readonly folder: string;
  private readonly partial: string;
  private readonly isNew: boolean;
  private current: { name: string; file: FileHandle } | undefined;

  private constructor(folder: string, isNew: boolean) {
    this.folder = folder;
    this.partial = join(folder, `.${globalThis.crypto.randomUUID()}.part`);
    this.isNew = isNew;
  }

  /** Throws `UsageError` for a folder that has something in it which may not be replaced, and for one that cannot be made. */
  static async begin(folder: string, mayReplace: boolean): Promise<AttachmentFolder> {
    try {
      const made = await mkdir(folder, { recursive: true, mode: 0o700 });
      if (!mayReplace && (await readdir(folder)).length > 0) {
        throw new UsageError(`${folder} is not empty: --force replaces files of the same name`);
      }
      const attachments = new AttachmentFolder(folder, made !== undefined);
      await mkdir(attachments.partial, { mode: 0o700 });
      return attachments;
    } catch (error) {
      if (error instanceof UsageError) throw error;
      throw new UsageError(`${folder} cannot be written (${(error as NodeJS.ErrnoException).code})`);
    }
  }

  /** The same each time, and safe whatever its sender called it; at most 240 bytes. */
  nameOf({ message, attachment, name }: AttachmentPlace): string {
    return `${message}-${attachment}-${fileNameOf(name)}`;
  }

  /** The next bytes of a file: those of one follow one another. */
  async write(place: AttachmentPlace, bytes: Uint8Array): Promise<void> {
    const name = this.nameOf(place);
    if (this.current?.name !== name) {
      await this.finish();
      const file = await open(
        join(this.partial, name),
        constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL,
        0o600,
      );
      this.current = { name, file };
    }
    await this.current.file.writeFile(bytes);
  }

  /** This one is not whole, and will not be. */
  async drop(place: AttachmentPlace): Promise<void> {
    await this.finish();
    await rm(join(this.partial, this.nameOf(place)), { force: true });
  }

  async place(): Promise<void> {
    await this.finish();
    for (const name of await readdir(this.partial)) await rename(join(this.partial, name), join(this.folder, name));
    await rmdir(this.partial);
  }

  /** Leaves nothing where it was not placed. Idempotent. */
  async discard(): Promise<void> {
    await this.current?.file.close().catch(() => undefined);
    await rm(this.partial, { recursive: true, force: true });
    if (this.isNew) await rmdir(this.folder).catch(() => undefined);
  }

  private async finish(): Promise<void> {
    const { current } = this;
    this.current = undefined;
    if (!current) return;
    await current.file.sync();
    await current.file.close();
  }
}
