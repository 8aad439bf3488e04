/** The one reader of the environment: text in, validated settings or every fault at once. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { crossRules, settingNames, settingRow, type SettingName, type Settings } from "./settings.ts";

export interface SettingFault {
  name: string;
  /** Redacted where the setting is a secret. */
  given: string;
  allowed: string;
}

/** Thrown when settings are wrong; `message` has one line per fault. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
  readonly faults: readonly SettingFault[];

  constructor(faults: readonly SettingFault[]) {
    super(faults.map(({ name, given, allowed }) => `${name}: given ${given}; allowed: ${allowed}`).join("\n"));
    this.faults = faults;
  }
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the settings from the environment. A secret may come in a file named by `NAME_FILE`. Throws `SettingsError`. */
export function loadSettings(environment: Environment = process.env): Settings {
  const faults: SettingFault[] = [];
  const given = new Map<SettingName, string>();
  for (const name of settingNames) {
    const value = settingRow(name).isSecret ? readSecret(name, environment, faults) : environment[name];
    if (value !== undefined && value !== "") given.set(name, value);
  }
  return check(given, faults);
}

/** The same checks for settings given by a program; what it leaves out has its default. Throws `SettingsError`. */
export function completeSettings(partial: Partial<Settings>): Settings {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(partial)) environment[name] = String(value);
  return loadSettings(environment);
}

/** A value as it may be shown: secrets by their length, passwords in URLs not at all. */
export function redact(name: SettingName, value: string): string {
  if (value === "") return "nothing";
  if (!settingRow(name).isSecret) return JSON.stringify(value.slice(0, 200));
  return `${value.length} characters (hidden)`;
}

/** The database file of an embedded node, absolute. */
export function databaseFile(settings: Settings): string {
  const path = settings.DATABASE_URL.replace(/^sqlite:(\/\/(?=\/))?/, "");
  return resolve(path === "" ? join(settings.DATA_DIR, "sotto.db") : path);
}

function readSecret(name: SettingName, environment: Environment, faults: SettingFault[]): string | undefined {
  const path = environment[`${name}_FILE`];
  if (path === undefined || path === "") return environment[name];
  const fault = (allowed: string) => void faults.push({ name: `${name}_FILE`, given: JSON.stringify(path), allowed });
  if (environment[name]) return void fault(`either ${name} or ${name}_FILE, not both`);
  try {
    const value = readFileSync(path, "utf8").trim();
    return value === "" ? void fault("a file with something in it") : value;
  } catch (error) {
    return void fault(`a file that can be read (${(error as NodeJS.ErrnoException).code ?? "unreadable"})`);
  }
}

function check(given: ReadonlyMap<SettingName, string>, faults: SettingFault[]): Settings {
  const settings: Record<string, unknown> = {};
  for (const name of settingNames) {
    const { schema, allowed, isPlanned } = settingRow(name);
    const value = given.get(name);
    const result = schema.safeParse(value);
    if (!result.success) faults.push({ name, given: redact(name, value ?? ""), allowed });
    else if (isPlanned && value !== undefined) faults.push(notInThisVersion(name, value));
    else settings[name] = result.data;
  }
  const mysql = given.get("DATABASE_URL")?.startsWith("mysql:");
  if (mysql) faults.push(notInThisVersion("DATABASE_URL", given.get("DATABASE_URL")!));
  if (faults.length === 0) crossCheck(settings as Settings, new Set(given.keys()), faults, given);
  if (faults.length > 0) throw new SettingsError(faults);
  return withoutOpenSignUp(settings as Settings, given.has("ACCOUNTS"));
}

/** Where a host application may issue tokens, its users' names must not be free for anybody to take. */
function withoutOpenSignUp(settings: Settings, isChosen: boolean): Settings {
  const hasOutsideIssuer = settings.AUTH_JWT_SECRET !== "" || settings.AUTH_JWKS_URL !== "";
  return hasOutsideIssuer && !isChosen ? { ...settings, ACCOUNTS: "off" } : settings;
}

function crossCheck(
  settings: Settings,
  names: ReadonlySet<SettingName>,
  faults: SettingFault[],
  given: ReadonlyMap<SettingName, string>,
): void {
  for (const { name, allowed, isBroken } of crossRules) {
    if (isBroken(settings, names)) faults.push({ name, given: redact(name, given.get(name) ?? ""), allowed });
  }
}

function notInThisVersion(name: SettingName, value: string): SettingFault {
  const instead = name === "DATABASE_URL" ? "sqlite:PATH, or leave it out" : "leave it out";
  return { name, given: redact(name, value), allowed: `not in this version yet: ${instead}` };
}
