/** One row of the settings' table: what an operator may write, and what it becomes. */
import * as z from "zod";

export interface Setting<Value> {
  /** Text from the environment to a value; undefined where the setting is not given. */
  schema: z.ZodType<Value, string | undefined>;
  unit: string;
  /** As an operator would write it; empty where there is none. */
  default: string;
  /** In words, for the line that refuses a wrong value. */
  allowed: string;
  why: string;
  /** Never printed; may come as `NAME_FILE`. */
  isSecret: boolean;
  /** Known, but what it turns on is not built: giving it stops the start. */
  isPlanned: boolean;
}

interface Words {
  why: string;
  secret?: true;
  planned?: true;
}

function row<Value>(
  schema: z.ZodType<Value, string>,
  about: Words & { unit: string; default: string; allowed: string },
): Setting<Value> {
  return {
    schema: z.prefault(schema, about.default),
    unit: about.unit,
    default: about.default,
    allowed: about.allowed,
    why: about.why,
    isSecret: about.secret ?? false,
    isPlanned: about.planned ?? false,
  };
}

export function integer(about: Words & { unit: string; default: number; min: number; max: number }): Setting<number> {
  const schema = z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number)
    .refine((value) => value >= about.min && value <= about.max);
  return row(schema, {
    ...about,
    default: String(about.default),
    allowed: `a whole number from ${about.min} to ${about.max}`,
  });
}

/** One of a few names. */
export function choice<const Name extends string>(
  names: readonly [Name, ...Name[]],
  about: Words & { default: NoInfer<Name> },
): Setting<Name> {
  return row<Name>(z.enum(names), { ...about, unit: "", allowed: names.filter((name) => name !== "").join(" | ") });
}

/** Free text. An empty one means: not given. */
export function text(
  about: Words & { default?: string; allowed: string; pattern: Pick<RegExp, "test"> },
): Setting<string> {
  const schema = z.string().refine((value) => value === "" || about.pattern.test(value));
  return row(schema, { ...about, unit: "", default: about.default ?? "" });
}

/** Names separated by commas. */
export function list(
  about: Words & { default?: string; allowed: string; entry: (value: string) => boolean },
): Setting<string[]> {
  const schema = z
    .string()
    .transform((value) => value.split(",").flatMap((part) => part.trim() || []))
    .refine((values) => values.every(about.entry));
  return row(schema, { ...about, unit: "", default: about.default ?? "" });
}

/** A URL whose protocol is one of `protocols`, each with its colon. */
export function url(about: Words & { allowed: string; protocols: readonly string[] }): Setting<string> {
  const schema = z.string().refine((value) => value === "" || hasProtocol(value, about.protocols));
  return row(schema, { ...about, unit: "", default: "" });
}

export function hasProtocol(value: string, protocols: readonly string[]): boolean {
  return URL.canParse(value) && protocols.includes(new URL(value).protocol);
}

/** Of this machine: nobody else hears what goes there. */
export const isLoopbackUrl = (value: string): boolean =>
  ["localhost", "127.0.0.1", "[::1]"].includes(new URL(value).hostname);
