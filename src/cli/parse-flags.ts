import { parseArgs, type ParseArgsConfig } from "node:util";
import { WrongUse } from "./wrong-use.ts";

type Options = NonNullable<ParseArgsConfig["options"]>;

/** Options by their names: texts, or true where they were given. */
type Values<T extends Options> = { [Name in keyof T]?: T[Name]["type"] extends "string" ? string : boolean };

/** What was typed behind a command, or `help` when that was asked for. Unknown flags and stray words throw `WrongUse`. */
export function parseFlags<const T extends Options>(
  args: string[],
  options: T,
  words: readonly string[] = [],
): { values: Values<T>; words: string[] } | "help" {
  try {
    const all: Options = { ...options, help: { type: "boolean", short: "h" } };
    const parsed = parseArgs({ args, options: all, allowPositionals: words.length > 0 });
    if (parsed.values["help"] === true) return "help";
    const stray = parsed.positionals.find((word) => !words.includes(word));
    if (stray !== undefined) throw new WrongUse(`"${stray.slice(0, 40)}" means nothing here.`);
    return { values: parsed.values as Values<T>, words: parsed.positionals };
  } catch (error) {
    if (error instanceof WrongUse) throw error;
    throw new WrongUse(wordsOf(error, options));
  }
}

function wordsOf(error: unknown, options: Options): string {
  const { code, message } = error as { code?: string; message: string };
  const known = ["help", ...Object.keys(options)].map((name) => `--${name}`).join(", ");
  const given = /'([^']{1,60})/.exec(message)?.[1] ?? "";
  if (code === "ERR_PARSE_ARGS_UNKNOWN_OPTION") return `there is no option ${given}. There are: ${known}.`;
  if (code === "ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL") return `"${given}" means nothing here.`;
  return `${message.split(". ")[0]}.`;
}
