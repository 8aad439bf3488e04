import { constants } from "node:fs";
import { link, open, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { UsageError } from "../chat-options.ts";

/** A file for its owner alone, whole or not there: it is written under another name beside its place, and put there at the end. */
export class NewFile {
  private readonly path: string;
  private readonly partial: string;
  private readonly file: FileHandle;
  private readonly mayReplace: boolean;

  private constructor(path: string, partial: string, file: FileHandle, mayReplace: boolean) {
    this.path = path;
    this.partial = partial;
    this.file = file;
    this.mayReplace = mayReplace;
  }

  /** Throws `UsageError` where there is one and it may not be replaced, and where none can be written. */
  static async begin(path: string, mayReplace: boolean): Promise<NewFile> {
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory()) throw new UsageError(`${path} is a folder`);
    if (found && !mayReplace) throw alreadyThere(path);
    const partial = join(dirname(path), `.${basename(path).slice(0, 100)}.${globalThis.crypto.randomUUID()}.part`);
    const file = await open(partial, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600).catch(
      (error: NodeJS.ErrnoException) => {
        throw new UsageError(`${path} cannot be written (${error.code})`);
      },
    );
    return new NewFile(path, partial, file, mayReplace);
  }

  async write(text: string): Promise<void> {
    await this.file.writeFile(text);
  }

  /** A link, unlike a rename, never takes another file's place. */
  async place(): Promise<void> {
    await this.file.sync();
    await this.file.close();
    if (this.mayReplace) return rename(this.partial, this.path);
    await link(this.partial, this.path).catch((error: NodeJS.ErrnoException) => {
      throw error.code === "EEXIST" ? alreadyThere(this.path) : error;
    });
    await rm(this.partial);
  }

  /** Leaves nothing where it was not placed. Idempotent. */
  async discard(): Promise<void> {
    await this.file.close().catch(() => undefined);
    await rm(this.partial, { force: true });
  }
}

const alreadyThere = (path: string): UsageError => new UsageError(`${path} is there already: --force replaces it`);
