import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface SourceFile {
  /** From the root of the repository, with forward slashes. */
  readonly path: string;
  /** Without comments. */
  readonly code: string;
}

const root = join(import.meta.dirname, "..", "..");

/** All TypeScript of the product: what the tests that read source look at. Fails when it finds next to nothing. */
export function sourceFiles(folders = ["src", "workers", "config"]): SourceFile[] {
  const files: SourceFile[] = [];
  for (const folder of folders) {
    for (const name of listFiles(folder)) {
      files.push({ path: name, code: withoutComments(readFileSync(join(root, name), "utf8")) });
    }
  }
  if (files.length < 20) throw new Error(`only ${files.length} source files found`);
  return files;
}

/** The code without its comments; strings that hold "//" survive. */
export function withoutComments(source: string): string {
  return source.replace(
    /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g,
    "$1",
  );
}

function listFiles(folder: string): string[] {
  let entries;
  try {
    entries = readdirSync(join(root, folder), { withFileTypes: true });
  } catch {
    return [];
  }
  return entries.flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return listFiles(path);
    return /\.[cm]?[jt]sx?$/.test(entry.name) ? [path] : [];
  });
}
