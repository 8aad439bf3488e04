/** What `sotto chat` writes: results to standard output, everything about them to standard error. */
export class Terminal {
  private readonly isInteractive = Boolean(process.stderr.isTTY);
  private current = "";

  print(line: string): void {
    this.clear();
    process.stdout.write(`${line}\n`);
    this.redraw();
  }

  note(line: string): void {
    this.clear();
    process.stderr.write(`${line}\n`);
    this.redraw();
  }

  /** A line that is kept up to date on a terminal, and not shown elsewhere. */
  progress(describe: () => string): { stop(): void } {
    if (!this.isInteractive) return { stop: () => undefined };
    const timer = setInterval(() => {
      this.clear();
      this.current = describe();
      this.redraw();
    }, 200);
    return {
      stop: () => {
        clearInterval(timer);
        this.clear();
        this.current = "";
      },
    };
  }

  /** Resolves when standard output has been taken. */
  async flush(): Promise<void> {
    await new Promise<void>((resolve) => process.stdout.write("", () => resolve()));
  }

  private clear(): void {
    if (this.current !== "") process.stderr.write("\r\u001B[K");
  }

  private redraw(): void {
    if (this.current !== "") process.stderr.write(this.current);
  }
}
