import { spawn, type ChildProcess } from "node:child_process";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const commandFile = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));

/** The environment of a child: nothing of ours but what a test sets. */
export function bareEnvironment(settings: Record<string, string>): Record<string, string | undefined> {
  const { PATH, HOME, NODE_V8_COVERAGE } = process.env;
  return { PATH, HOME, NODE_V8_COVERAGE, ...settings };
}

export interface Finished {
  status: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** A process under way, what it has said so far, and its end. */
export interface Started {
  child: ChildProcess;
  output: { stdout: string; stderr: string };
  ended: Promise<Finished>;
  /** Resolves with the first match in what it says on stdout; rejects when it ends before. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
}

/** `input` is piped in, whole or as it comes; without it standard input is closed. */
export function startProcess(
  command: string,
  args: string[],
  settings: Record<string, string>,
  input: string | Readable = "",
): Started {
  const child = spawn(command, args, { cwd: root, env: bareEnvironment(settings), stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.on("error", () => undefined);
  if (typeof input === "string") child.stdin.end(input);
  else input.pipe(child.stdin);
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
  const ended = new Promise<Finished>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status, signal) => resolve({ status, signal, ...output }));
  });
  const says = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(output.stdout);
        if (match) resolve(match);
      };
      child.stdout.on("data", look);
      void ended.then(() => reject(new Error(`ended before saying ${String(pattern)}: ${output.stderr}`)), reject);
      look();
    });
  return { child, output, ended, says };
}

/** The `sotto` command as it is built; `npm test` builds first. */
export const startSotto = (args: string[], settings: Record<string, string> = {}, input?: string | Readable): Started =>
  startProcess(process.execPath, [commandFile, ...args], settings, input);

export const runSotto = (args: string[], settings: Record<string, string> = {}, input?: string): Promise<Finished> =>
  startSotto(args, settings, input).ended;
