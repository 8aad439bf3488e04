import type { Finding } from "./finding.ts";

const leastMajor = 20;
const leastMinor = 19;
/** This version was made after this time; a clock before it is wrong. */
const releasedAfter = Date.UTC(2026, 0, 1);

export function checkNodeVersion(version: string): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isEnough = major > leastMajor || (major === leastMajor && minor >= leastMinor);
  const finding = { check: "Node", says: `version ${version}` };
  if (isEnough) return { ...finding, state: "good" };
  return { ...finding, state: "bad", todo: `install Node ${leastMajor}.${leastMinor} or newer` };
}

export function checkClock(now: number): Finding {
  const says = new Date(now).toISOString();
  if (now > releasedAfter) return { check: "clock", state: "good", says };
  return { check: "clock", state: "bad", says, todo: "set the clock: tokens and times of messages depend on it" };
}
