/**
 * Every variable that a deployment may set, as one table. Owns names, units, defaults, bounds and reasons; reads nothing
 * (that is `load-settings.ts`) and knows no other part of the house. A setting's name here is its name in the environment.
 * Invariant: nothing else in the project reads the environment.
 */
import type * as z from "zod";
import { blobRules, blobSettings } from "./blob-settings.ts";
import { clusterSettings } from "./cluster-settings.ts";
import { limitSettings } from "./limit-settings.ts";
import { plannedSettings } from "./planned-settings.ts";
import { pushSettings } from "./push-settings.ts";
import { choice, hasProtocol, integer, isLoopbackUrl, list, text, type Setting } from "./setting.ts";
import { webPushRules, webPushSettings } from "./web-push-settings.ts";

const address = /^[A-Za-z0-9.:_-]{1,253}$/;
/** With a host and, as the whole path, the name of a database on it. */
const namesMysqlDatabase = (value: string) =>
  hasProtocol(value, ["mysql:"]) && new URL(value).host !== "" && /^\/[^/]+$/.test(new URL(value).pathname);
const isOrigin = (value: string) => hasProtocol(value, ["http:", "https:"]) && new URL(value).origin === value;

const network = {
  PORT: integer({
    unit: "port",
    default: 3000,
    min: 0,
    max: 65_535,
    why: "Where clients connect. 0 takes a free one.",
  }),
  HOST: text({
    default: "127.0.0.1",
    pattern: address,
    allowed: "an address or a host name",
    why: "Loopback until somebody decides otherwise, 0.0.0.0 in a cluster (REDIS_URL). TLS is the business of a proxy in front.",
  }),
  PUBLIC_HOSTS: list({
    entry: (value) => /^[a-z0-9.[\]:-]{1,255}$/.test(value),
    allowed: "host or host:port, in small letters, separated by commas, such as chat.example.org",
    why: "The hosts that clients know this service by; a device's proof of its key names one of them. Empty: the Host of the request.",
  }),
  CORS_ORIGINS: list({
    entry: (value) => value === "*" || isOrigin(value),
    allowed: "origins separated by commas, or *",
    why: "Web pages of other origins that may talk to this service. Empty: none.",
  }),
  TRUSTED_PROXIES: integer({
    unit: "proxies",
    default: 0,
    min: 0,
    max: 10,
    why: "How many proxies in front add to X-Forwarded-For. Rate limits go by address; believing more than there are lets people invent theirs.",
  }),
  OPS_PORT: integer({
    unit: "port",
    default: 9100,
    min: 0,
    max: 65_535,
    why: "/livez, /readyz, /metrics and /admin, away from the public. 0 takes a free one.",
  }),
  OPS_HOST: text({
    default: "127.0.0.1",
    pattern: address,
    allowed: "an address or a host name",
    why: "Metrics are for the operator; loopback unless a scraper sits elsewhere.",
  }),
  ADMIN_TOKEN: text({
    pattern: /^[\x21-\x7e]{16,4096}$/,
    allowed: "at least 16 visible ASCII characters",
    why: "Opens /admin on the ops port: how much there is, and what the work behind does. Empty: there is no /admin.",
    secret: true,
  }),
  LOG_LEVEL: choice(["trace", "debug", "info", "warn", "error", "fatal", "silent"], {
    default: "info",
    why: "Logs are JSON lines on stderr. No level shows payloads or keys.",
  }),
  DRAIN_SECONDS: integer({
    unit: "seconds",
    default: 8,
    min: 0,
    max: 300,
    why: "How long a node that was asked to stop may take to say good-bye, before it stops all the same.",
  }),
  DRAIN_NOTICE_SECONDS: integer({
    unit: "seconds",
    default: 0,
    min: 0,
    max: 60,
    why: "How long it says so on /readyz before it sends anybody away, for a balancer to notice. 4 in a cluster (REDIS_URL). Part of DRAIN_SECONDS.",
  }),
};

const storage = {
  DATA_DIR: text({
    default: "./data",
    pattern: /^[^\0]+$/,
    allowed: "a folder",
    why: "Holds the database file and the node's own secret. Back it up as a whole.",
  }),
  DATABASE_URL: text({
    pattern: { test: (value) => /^sqlite:.+$/.test(value) || namesMysqlDatabase(value) },
    allowed: "sqlite:PATH or mysql://user:password@host:3306/name, with the name of the database",
    why: "Where messages are: MySQL 8 or MariaDB 10.6 and newer for a cluster. Empty: sotto.db in DATA_DIR.",
    secret: true,
  }),
  HISTORY_RETENTION_DAYS: integer({
    unit: "days",
    default: 90,
    min: 1,
    max: 3650,
    why: "How long messages are kept, delivered or not; then they are deleted. People are told this number.",
  }),
  UNDELIVERED_TTL_DAYS: integer({
    unit: "days",
    default: 30,
    min: 1,
    max: 3650,
    why: "How long a message waits for a recipient before its sender is told that it expired. HISTORY_RETENTION_DAYS where that is shorter.",
  }),
};

const signIn = {
  AUTH_JWT_SECRET: text({
    pattern: /^[^\0]{32,4096}$/,
    allowed: "at least 32 characters",
    why: "Signs and checks tokens (HS256). Empty: an embedded node makes one and keeps it in DATA_DIR.",
    secret: true,
  }),
  AUTH_JWKS_URL: text({
    pattern: /^https?:\/\/.+$/,
    allowed: "an https URL (http on loopback only)",
    why: "Public keys of a host application that issues the tokens. Instead of AUTH_JWT_SECRET.",
  }),
  AUTH_ISSUER: text({
    default: "sotto",
    pattern: /^[^\0]{1,512}$/,
    allowed: "1 to 512 characters",
    why: "The `iss` that tokens must carry. To be given with AUTH_JWKS_URL.",
  }),
  AUTH_AUDIENCE: text({
    default: "sotto",
    pattern: /^[^\0]{1,512}$/,
    allowed: "1 to 512 characters",
    why: "The `aud` that tokens must carry. To be given with AUTH_JWKS_URL.",
  }),
  ACCOUNTS: choice(["on", "off"], {
    default: "on",
    why: "on: people sign up here with a password. off: a host application issues the tokens. Off by itself where AUTH_JWT_SECRET or AUTH_JWKS_URL is given.",
  }),
  SESSION_TTL_HOURS: integer({
    unit: "hours",
    default: 24,
    min: 1,
    max: 720,
    why: "How long a log-in holds before the password is asked again.",
  }),
};

/** The table, in the order in which `sotto config` prints it. */
export const settingTable = {
  ...network,
  ...storage,
  ...blobSettings,
  ...clusterSettings,
  ...pushSettings,
  ...webPushSettings,
  ...signIn,
  ...limitSettings,
  ...plannedSettings,
};

export type SettingName = keyof typeof settingTable;
/** What the settings are after validation. */
export type Settings = { readonly [Name in SettingName]: z.output<(typeof settingTable)[Name]["schema"]> };
export const settingNames = Object.keys(settingTable) as SettingName[];
export const settingRow = (name: SettingName): Setting<unknown> => settingTable[name] as Setting<unknown>;

/**
 * A rule that takes more than one setting to check. `isBroken` may meet settings that are wrong by themselves: a text as it
 * was given, a number as NaN.
 */
export interface CrossRule {
  name: SettingName;
  allowed: string;
  isBroken: (settings: Settings, given: ReadonlySet<SettingName>) => boolean;
}

export const crossRules: readonly CrossRule[] = [
  ...webPushRules,
  ...blobRules,
  {
    name: "PUSH_WEBHOOK_URL",
    allowed: "an http or https URL without a user and a password: PUSH_WEBHOOK_SECRET says who calls",
    isBroken: (s) => s.PUSH_WEBHOOK_URL !== "" && new URL(s.PUSH_WEBHOOK_URL).username !== "",
  },
  {
    name: "PUSH_WEBHOOK_SECRET",
    allowed: "at least 16 characters, known to the receiver: required with PUSH_WEBHOOK_URL",
    isBroken: (s) => s.PUSH_WEBHOOK_URL !== "" && s.PUSH_WEBHOOK_SECRET === "",
  },
  {
    name: "DRAIN_NOTICE_SECONDS",
    allowed: "less than DRAIN_SECONDS, of which it is a part",
    isBroken: (s, given) =>
      given.has("DRAIN_NOTICE_SECONDS") && s.DRAIN_NOTICE_SECONDS > 0 && s.DRAIN_NOTICE_SECONDS >= s.DRAIN_SECONDS,
  },
  {
    name: "UNDELIVERED_TTL_DAYS",
    allowed: "at most HISTORY_RETENTION_DAYS: of a message that is deleted nobody can tell that it expired",
    isBroken: (s, given) => given.has("UNDELIVERED_TTL_DAYS") && s.UNDELIVERED_TTL_DAYS > s.HISTORY_RETENTION_DAYS,
  },
  {
    name: "DATABASE_URL",
    allowed: "mysql://user:password@host:3306/name with REDIS_URL: the nodes of a cluster share one database",
    isBroken: (s) => s.REDIS_URL !== "" && !s.DATABASE_URL.startsWith("mysql:"),
  },
  {
    name: "AUTH_JWT_SECRET",
    allowed: "at least 32 characters, the same on every node (or AUTH_JWKS_URL): required with a shared database",
    isBroken: (s) =>
      (s.REDIS_URL !== "" || s.DATABASE_URL.startsWith("mysql:")) && s.AUTH_JWT_SECRET === "" && s.AUTH_JWKS_URL === "",
  },
  {
    name: "AUTH_JWKS_URL",
    allowed: "either AUTH_JWKS_URL or AUTH_JWT_SECRET, not both",
    isBroken: (s) => s.AUTH_JWKS_URL !== "" && s.AUTH_JWT_SECRET !== "",
  },
  {
    name: "AUTH_JWKS_URL",
    allowed: "an https URL (http on loopback only)",
    isBroken: ({ AUTH_JWKS_URL: value }) =>
      value !== "" && !hasProtocol(value, ["https:"]) && !(hasProtocol(value, ["http:"]) && isLoopbackUrl(value)),
  },
  {
    name: "AUTH_ISSUER",
    allowed: "the issuer of your tokens: required with AUTH_JWKS_URL",
    isBroken: (s, given) => s.AUTH_JWKS_URL !== "" && !given.has("AUTH_ISSUER"),
  },
  {
    name: "AUTH_AUDIENCE",
    allowed: "the audience of your tokens: required with AUTH_JWKS_URL",
    isBroken: (s, given) => s.AUTH_JWKS_URL !== "" && !given.has("AUTH_AUDIENCE"),
  },
  {
    name: "ACCOUNTS",
    allowed: "off with AUTH_JWKS_URL: somebody else issues the tokens",
    isBroken: (s, given) => s.AUTH_JWKS_URL !== "" && s.ACCOUNTS === "on" && given.has("ACCOUNTS"),
  },
];
