/**
 * Published test vectors, read from the folder that SOTTO_VECTORS names. Owns finding, counting and reporting; the judgement is
 * each suite's. Invariants: without the folder the suites say loudly that they did not run; with it, a file of which no vector
 * ran is a failure, and so is every mismatch.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";

const folder = process.env["SOTTO_VECTORS"];

/** To be called in a `before` hook: skips the suite, loudly, when no folder of vectors was given. */
export function requireVectors(context: Mocha.Context): void {
  if (folder) return;
  console.log(`
    !! SKIPPED: ${context.test?.parent?.fullTitle() ?? "vectors"}
    !! The published vectors were NOT run. Set SOTTO_VECTORS to the folder that holds wycheproof/, xwing/ and mls/:
    !!   SOTTO_VECTORS=/path/to/vectors npx mocha 'test/vectors/*.test.ts'
`);
  context.skip();
}

/** The parsed contents of a vector file. Throws when it is missing. */
export function readVectors<T>(name: string): T {
  const path = join(folder ?? "", name);
  if (!existsSync(path)) throw new Error(`SOTTO_VECTORS has no ${name}`);
  return JSON.parse(readFileSync(path, "utf8")) as T;
}

/** Counts what became of the vectors of one file. */
export class Tally {
  private ran = 0;
  private readonly mismatches: string[] = [];
  private readonly notRunnable = new Map<string, number>();
  private readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  /** Runs one vector; `check` returns whether the outcome is the published one. An exception is a mismatch. */
  async run(id: string | number, check: () => boolean | Promise<boolean>): Promise<void> {
    this.ran += 1;
    try {
      if (!(await check())) this.mismatches.push(`${id}`);
    } catch (error) {
      this.mismatches.push(`${id}: ${String(error)}`);
    }
  }

  cannotRun(reason: string): void {
    this.notRunnable.set(reason, (this.notRunnable.get(reason) ?? 0) + 1);
  }

  /** Prints the counts and fails on any mismatch, and when nothing ran. */
  report(): void {
    const reasons = [...this.notRunnable].map(([reason, count]) => `${count} not runnable (${reason})`);
    const counts = [`${this.ran} ran`, `${this.mismatches.length} mismatches`, ...reasons].join(", ");
    console.log(`      ${this.name}: ${counts}`);
    process.env["SOTTO_VECTORS_RAN"] = String(Number(process.env["SOTTO_VECTORS_RAN"] ?? 0) + this.ran);
    expect(this.mismatches, this.name).to.deep.equal([]);
    expect(this.ran, `${this.name}: vectors run`).to.be.greaterThan(0);
  }
}

/** The bytes of a hex string. */
export function fromHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "hex"));
}

/** Whether bytes are those of a hex string. */
export function isHex(bytes: Uint8Array, text: string): boolean {
  return Buffer.from(bytes).toString("hex") === text.toLowerCase();
}

/** The result, or undefined when it throws: for vectors that must be refused. */
export function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}
