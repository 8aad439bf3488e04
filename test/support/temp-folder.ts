import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A new empty folder outside of the project, and how to be rid of it. */
export async function tempFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), "sotto-test-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
