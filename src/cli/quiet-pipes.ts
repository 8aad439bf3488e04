/**
 * Keeps a reader that goes away (`sotto purge | head`) from being an error: what is left to say is left unsaid, and the
 * command ends as it would have. `stop`: for commands that go on until they are told to end.
 */
export function quietPipes(stop: () => void = () => undefined): void {
  const leave = (stopsToo: boolean) => (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    if (stopsToo) stop();
  };
  process.stdout.on("error", leave(true));
  process.stderr.on("error", leave(false));
}
