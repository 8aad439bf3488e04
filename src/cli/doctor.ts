/** `sotto doctor`: looks at everything a node needs, and says what to do about what is wrong. */
import { hasSharedDatabase, loadSettings, SettingsError } from "../../config/load-settings.ts";
import type { Settings } from "../../config/settings.ts";
import { checkBlobs } from "./doctor/check-blobs.ts";
import { checkClock, checkNodeVersion } from "./doctor/check-machine.ts";
import { checkDatabase } from "./doctor/check-database.ts";
import { checkNode } from "./doctor/check-node.ts";
import { checkDisk, checkSecret } from "./doctor/check-data-folder.ts";
import { checkPorts } from "./doctor/check-ports.ts";
import { checkRedis } from "./doctor/check-redis.ts";
import type { Finding } from "./doctor/finding.ts";
import { parseFlags } from "./parse-flags.ts";

const help = `sotto doctor: checks settings, database and its growth, Redis, secret, attachments, disk, clock, ports and the Node version, and says what to do.

  --json   print [{ check, state, says, todo }]; state: good, note or bad

Exit status 1 when something is bad.`;

export async function doctor(args: string[]): Promise<number> {
  const flags = parseFlags(args, { json: { type: "boolean" } });
  if (flags === "help") {
    console.log(help);
    return 0;
  }
  const findings = await examine();
  console.log(flags.values.json === true ? JSON.stringify(findings, null, 2) : findings.map(line).join("\n"));
  return findings.some(({ state }) => state === "bad") ? 1 : 0;
}

async function examine(): Promise<Finding[]> {
  const machine = [checkNodeVersion(process.versions.node), checkClock(Date.now())];
  const settings = readSettings();
  if (Array.isArray(settings)) return [...machine, ...settings];
  return [
    ...machine,
    { check: "settings", state: "good", says: "make sense" },
    ...(hasSharedDatabase(settings) ? await checkSharedDatabase(settings) : await checkOwnData(settings)),
    checkSecret(settings),
    await checkBlobs(settings),
    ...(await checkPorts(settings)),
    await checkRedis(settings),
  ];
}

async function checkSharedDatabase(settings: Settings): Promise<Finding[]> {
  const { checkMysql } = await import("./doctor/check-mysql.ts");
  return checkMysql(settings);
}

async function checkOwnData(settings: Settings): Promise<Finding[]> {
  return [...(await checkDatabase(settings)), checkNode(settings), await checkDisk(settings)];
}

function readSettings(): Settings | Finding[] {
  try {
    return loadSettings();
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return error.faults.map(({ name, given, allowed }) => ({
      check: "settings",
      state: "bad",
      says: `${name}: given ${given}`,
      todo: `allowed: ${allowed}`,
    }));
  }
}

const signs = { good: "ok  ", note: "note", bad: "BAD " };

function line({ check, state, says, todo }: Finding): string {
  return `${signs[state]}  ${check.padEnd(9)} ${says}${todo === undefined ? "" : `\n      → ${todo}`}`;
}
