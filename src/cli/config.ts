/** `sotto config`: what can be set, and whether what is set makes sense. */
import { loadSettings, SettingsError } from "../../config/load-settings.ts";
import { settingNames, settingRow } from "../../config/settings.ts";
import { parseFlags } from "./parse-flags.ts";

const help = `sotto config: every setting with its unit, default and meaning.
sotto config check: tries the settings of this environment.

  --json   print them as JSON

A secret may come in a file: NAME_FILE holds the path.`;

export async function config(args: string[]): Promise<number> {
  const flags = parseFlags(args, { json: { type: "boolean" } }, ["check"]);
  if (flags === "help") {
    console.log(help);
    return 0;
  }
  const isJson = flags.values.json === true;
  if (flags.words.includes("check")) return check(isJson);
  const rows = settingNames.map((name) => {
    const { schema: _schema, ...row } = settingRow(name);
    return { name, ...row };
  });
  console.log(isJson ? JSON.stringify(rows, null, 2) : rows.map(paragraph).join("\n\n"));
  return 0;
}

function check(isJson: boolean): number {
  try {
    loadSettings();
    console.log(isJson ? JSON.stringify({ ok: true, faults: [] }) : "The settings make sense.");
    return 0;
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    if (isJson) console.log(JSON.stringify({ ok: false, faults: error.faults }));
    else console.error(error.message);
    return 1;
  }
}

function paragraph(row: { name: string } & Omit<ReturnType<typeof settingRow>, "schema">): string {
  const notes = [row.isSecret ? `secret, or ${row.name}_FILE` : "", row.isPlanned ? "not in this version yet" : ""];
  const unit = row.unit === "" ? "" : ` ${row.unit}`;
  const start = row.default === "" ? "not set" : `default ${row.default}${unit}`;
  const head = [`${row.name} (${start})`, ...notes.filter((note) => note !== "")].join(" · ");
  return `${head}\n    ${row.allowed}\n    ${row.why}`;
}
