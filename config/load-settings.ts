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

const clusterNoticeSeconds = 4;

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

/** Whether the database is one that several nodes may share. */
export const hasSharedDatabase = (settings: Pick<Settings, "DATABASE_URL">): boolean =>
  settings.DATABASE_URL.startsWith("mysql:");

/** How to open the database that the settings name. */
export function databaseOf(settings: Settings): { file: string } | { url: string; connections: number } {
  if (!hasSharedDatabase(settings)) return { file: databaseFile(settings) };
  return { url: settings.DATABASE_URL, connections: settings.DATABASE_CONNECTIONS };
}

/** The database as it may be shown: without its password, and without its user. */
export function databaseName(settings: Settings): string {
  if (!hasSharedDatabase(settings)) return databaseFile(settings);
  const { protocol, host, pathname } = new URL(settings.DATABASE_URL);
  return `${protocol}//${host}${pathname}`;
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
    settings[name] = result.success ? result.data : standIn(name, value);
  }
  faults.push(...crossFaults(settings as Settings, given, faults));
  if (faults.length > 0) throw new SettingsError(faults);
  return withinHistory(
    withoutOpenSignUp(withClusterDefaults(settings as Settings, given), given.has("ACCOUNTS")),
    given.has("UNDELIVERED_TTL_DAYS"),
  );
}

/** What other settings are judged by beside a wrong one: that there is one, and nothing that is true of its value. */
function standIn(name: SettingName, value: string | undefined): unknown {
  const usual = settingRow(name).schema.parse(undefined);
  if (typeof usual === "number") return Number.NaN;
  return typeof usual === "string" ? value : usual;
}

/** The nodes of a cluster are reached from other machines, by a balancer that must notice when one leaves. */
function withClusterDefaults(settings: Settings, given: ReadonlyMap<SettingName, string>): Settings {
  if (settings.REDIS_URL === "") return settings;
  const notice = Math.min(clusterNoticeSeconds, Math.floor(settings.DRAIN_SECONDS / 2));
  return {
    ...settings,
    ...(!given.has("HOST") && { HOST: "0.0.0.0" }),
    ...(!given.has("DRAIN_NOTICE_SECONDS") && { DRAIN_NOTICE_SECONDS: notice }),
  };
}

/** Where a host application may issue tokens, its users' names must not be free for anybody to take. */
function withoutOpenSignUp(settings: Settings, isChosen: boolean): Settings {
  const hasOutsideIssuer = settings.AUTH_JWT_SECRET !== "" || settings.AUTH_JWKS_URL !== "";
  return hasOutsideIssuer && !isChosen ? { ...settings, ACCOUNTS: "off" } : settings;
}

/** A message cannot wait for longer than it is kept. */
function withinHistory(settings: Settings, isChosen: boolean): Settings {
  if (isChosen || settings.UNDELIVERED_TTL_DAYS <= settings.HISTORY_RETENTION_DAYS) return settings;
  return { ...settings, UNDELIVERED_TTL_DAYS: settings.HISTORY_RETENTION_DAYS };
}

/** What is wrong by itself already gets no second line. */
function crossFaults(
  settings: Settings,
  given: ReadonlyMap<SettingName, string>,
  found: readonly SettingFault[],
): SettingFault[] {
  const wrong = new Set(found.map(({ name }) => name.replace(/_FILE$/, "")));
  const names = new Set(given.keys());
  return crossRules
    .filter(({ name, isBroken }) => !wrong.has(name) && isBroken(settings, names))
    .map(({ name, allowed }) => ({ name, given: redact(name, given.get(name) ?? ""), allowed }));
}

function notInThisVersion(name: SettingName, value: string): SettingFault {
  return { name, given: redact(name, value), allowed: "not in this version yet: leave it out" };
}
