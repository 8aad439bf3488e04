import { constants } from "node:fs";
import { link, open, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** Why there is no new file at a path. */
export type WhyNot = "is a folder" | "is there already" | `cannot be written (${string})`;

interface NewFileOptions {
  mayReplace: boolean;
  /** What is thrown. */
  refusal(why: WhyNot): Error;
}

/** A file for its owner alone, whole or not there: it is written under another name beside its place, and put there at the end. */
export class NewFile {
  readonly handle: FileHandle;
  private readonly path: string;
  private readonly partial: string;
  private readonly options: NewFileOptions;

  private constructor(path: string, partial: string, handle: FileHandle, options: NewFileOptions) {
    this.path = path;
    this.partial = partial;
    this.handle = handle;
    this.options = options;
  }

  /** Throws the refusal where there is one and it may not be replaced, and where none can be written. */
  static async begin(path: string, options: NewFileOptions): Promise<NewFile> {
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory()) throw options.refusal("is a folder");
    if (found && !options.mayReplace) throw options.refusal("is there already");
    const partial = join(dirname(path), `.${basename(path).slice(0, 100)}.${globalThis.crypto.randomUUID()}.part`);
    const file = await open(partial, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600).catch(
      (error: NodeJS.ErrnoException) => {
        throw options.refusal(`cannot be written (${error.code})`);
      },
    );
    return new NewFile(path, partial, file, options);
  }

  async write(text: string): Promise<void> {
    await this.handle.writeFile(text);
  }

  /** A link, unlike a rename, never takes another file's place. */
  async place(): Promise<void> {
    await this.handle.sync();
    await this.handle.close();
    if (this.options.mayReplace) return rename(this.partial, this.path);
    await link(this.partial, this.path).catch((error: NodeJS.ErrnoException) => {
      throw error.code === "EEXIST" ? this.options.refusal("is there already") : error;
    });
    await rm(this.partial);
  }

  /** Leaves nothing where it was not placed. Idempotent. */
  async discard(): Promise<void> {
    await this.handle.close().catch(() => undefined);
    await rm(this.partial, { force: true });
  }
}
