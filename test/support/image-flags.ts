import { readFileSync } from "node:fs";

/** What the image gives Node itself, such as `--max-semi-space-size=64`. */
export const imageFlags: readonly string[] = readFileSync(new URL("../../deploy/Dockerfile", import.meta.url), "utf8")
  .match(/^ENTRYPOINT .*$/m)![0]
  .match(/--[\w=-]+/g)!;
