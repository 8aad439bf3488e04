/**
 * `npm run bench`: the figures of Sotto beside a reference that does nothing but relay, measured in turn in the same run. The
 * ratio of CPU time, all server processes counted, is the figure; throughput is for information: the generator runs on the
 * same machine. Options: --only P11, --pairs N, --rounds N, --seconds N, --quick; for P3 --adapter
 * classic|sharded|streams and --idle-nodes N, which run beside the two and have no clients;
 * for P9 --conversations N and --history-rows N.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { sodiumReady } from "../src/identity/sodium.ts";
import {
  acrossTwoNodes,
  durableEmbedded,
  durableOnMariaDb,
  memoryPerConnection,
  type Figure,
  type Scale,
} from "./figures.ts";
import { growth } from "./growth.ts";
import { clientWork } from "./large-groups.ts";
import { purgeUnderLoad } from "./purge.ts";
import { webConversation } from "./web-conversation.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    pairs: { type: "string", default: "1000" },
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "4" },
    quick: { type: "boolean", default: false },
    adapter: { type: "string", default: "classic" },
    "idle-nodes": { type: "string", default: "0" },
    conversations: { type: "string" },
    "history-rows": { type: "string" },
  },
});
const adapters = ["classic", "sharded", "streams"] as const;
const adapter = adapters.find((name) => name === values.adapter);
if (adapter === undefined) throw new Error(`--adapter is one of ${adapters.join(", ")}`);
const scale: Scale = {
  adapter,
  idleNodes: Number(values["idle-nodes"]),
  conversations: Number(values.conversations ?? (values.quick ? 1_000 : 100_000)),
  historyRows: Number(values["history-rows"] ?? (values.quick ? 20_000 : 5_000_000)),
  window: 4,
  quick: values.quick,
  ...(values.quick
    ? { pairs: 20, rounds: 1, roundMs: 1_000 }
    : { pairs: Number(values.pairs), rounds: Number(values.rounds), roundMs: Number(values.seconds) * 1000 }),
};
const all = {
  P1: durableOnMariaDb,
  P3: acrossTwoNodes,
  P5: memoryPerConnection,
  P8: purgeUnderLoad,
  P9: growth,
  P10: clientWork,
  "P10 web": webConversation,
  P11: durableEmbedded,
};
const chosen = Object.entries(all).filter(
  ([name]) => values.only === undefined || values.only.split(",").includes(name),
);

await sodiumReady();
const machine = `${cpus().length} cores, ${cpus()[0]?.model.trim() ?? "unknown"}, Node ${process.version}`;
console.log(
  `\n  ${scale.pairs} pairs, ${scale.window} messages in flight each, 700 bytes; ${scale.rounds} rounds in turn\n  ${machine}\n`,
);
console.log(
  `  ${"".padEnd(46)}${"reference".padStart(14)}${"Sotto".padStart(14)}${"ratio".padStart(8)}${"to reach".padStart(10)}`,
);
const figures: Figure[] = [];
for (const [, measure] of chosen) {
  for (const figure of [await measure(scale)].flat()) {
    figures.push(figure);
    console.log(lineOf(figure));
  }
}
const at = new Date().toISOString();
const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
const file = new URL(`results/${at.replace(/\D/g, "").slice(0, 14)}-${commit}.json`, import.meta.url);
if (!values.quick) {
  mkdirSync(new URL("results/", import.meta.url), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ at, commit, machine, scale, figures }, null, 2)}\n`);
  writeFileSync(new URL(file.href.replace(".json", ".svg")), chartOf(figures));
  console.log(`\n  written to ${file.pathname.slice(file.pathname.indexOf("bench/"))} and a chart beside it`);
}
process.exit(0);

function lineOf(figure: Figure): string {
  const { name, title, unit, reference, sotto, ratio, toReach, detail } = figure;
  const isReached = ratio <= toReach;
  const value = (number: number) => `${number.toFixed(1)} ${unit}`.padStart(14);
  const about = `${name.padEnd(4)} ${title}`.padEnd(46);
  const verdict = `${ratio.toFixed(2).padStart(8)}${`≤ ${toReach}`.padStart(10)}`;
  return `  ${about}${value(reference)}${value(sotto)}${verdict}  ${isReached ? "reached" : "NOT reached"}\n       ${detail}`;
}

/** One bar a figure: the ratio, with a mark at what is to be reached. */
function chartOf(bars: readonly Figure[]): string {
  const widest = Math.max(...bars.flatMap(({ ratio, toReach }) => [ratio, toReach]));
  const x = (ratio: number) => Math.round((ratio / widest) * 420);
  const rows = bars.map(({ name, title, ratio, toReach }, index) => {
    const y = 30 + index * 44;
    const colour = ratio <= toReach ? "#2a7d4f" : "#b3541e";
    return `<text x="10" y="${y}">${name} ${title}</text>
<rect x="10" y="${y + 6}" width="${x(ratio)}" height="14" fill="${colour}"/>
<line x1="${10 + x(toReach)}" y1="${y + 3}" x2="${10 + x(toReach)}" y2="${y + 23}" stroke="#333"/>
<text x="${16 + x(ratio)}" y="${y + 18}">${ratio.toFixed(2)}</text>`;
  });
  const height = 44 * bars.length + 30;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="520" height="${height}" font-family="sans-serif" font-size="12">
<rect width="520" height="${height}" fill="#fff"/>
${rows.join("\n")}
</svg>
`;
}
