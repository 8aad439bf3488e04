/** Times as people say them, by the browser's own language. */
import { strings } from "../../strings.ts";

const dayMs = 86_400_000;
const time = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: "short" });
const date = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const longDate = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const withYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });

const startOfDay = (at: number): number => new Date(at).setHours(0, 0, 0, 0);
/** Whole days, also where the clocks were changed between. */
const daysAgo = (at: number): number => Math.round((startOfDay(Date.now()) - startOfDay(at)) / dayMs);

export const clockTime = (at: number): string => time.format(at);

export const dayKey = (at: number): string => new Date(at).toDateString();

export function dayName(at: number): string {
  const days = daysAgo(at);
  if (days === 0) return strings.chat.today;
  if (days === 1) return strings.chat.yesterday;
  return days < 300 ? longDate.format(at) : withYear.format(at);
}

/** As short as can be, for a list. */
export function shortTime(at: number): string {
  const days = daysAgo(at);
  if (days <= 0) return clockTime(at);
  if (days < 7) return weekday.format(at);
  return days < 300 ? date.format(at) : withYear.format(at);
}

export function when(at: number): string {
  return daysAgo(at) === 0 ? clockTime(at) : `${shortTime(at)}, ${clockTime(at)}`;
}

export const daySeconds = 86_400;

const units = [
  ["day", daySeconds],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
] as const;

export function duration(seconds: number, unitDisplay: "long" | "narrow" = "long"): string {
  const [unit, size] = units.find(([, length]) => seconds >= length) ?? units[3];
  return new Intl.NumberFormat(undefined, { style: "unit", unit, unitDisplay }).format(Math.round(seconds / size));
}

/** How long messages stay where they are written. `retention`: in days, `disappearing`: in seconds after they are read. */
export function lifetimeWords(about: "retention" | "disappearing", value: number | null): string {
  const { kept, keptByService, disappear, stay } = strings.chat;
  if (about === "disappearing") return value === null ? stay : disappear(duration(value));
  return value === null ? keptByService : kept(duration(value * daySeconds));
}

export function fileSize(bytes: number): string {
  const [unit, size]: readonly [string, number] =
    bytes >= 1e6 ? ["megabyte", 1e6] : bytes >= 1e3 ? ["kilobyte", 1e3] : ["byte", 1];
  const maximumFractionDigits = bytes >= 1e6 ? 1 : 0;
  return new Intl.NumberFormat(undefined, { style: "unit", unit, maximumFractionDigits }).format(bytes / size);
}
