import { parseFlags } from "../../src/cli/parse-flags.ts";
import { WrongUse } from "../../src/cli/wrong-use.ts";

export const clusterHelp = `npm run cluster: a whole cluster on this machine, to try things on: nodes, workers, a load balancer, Redis and MariaDB.

  --nodes N     how many nodes (3)
  --workers N   how many workers (2)
  --port N      where clients connect; 0: any free port (PORT, else 3000)
  --json        print one line of JSON instead of the banner
  --help        print this

For example: npm run cluster -- --nodes 2 --port 0
REDIS_URL and DATABASE_URL=mysql://… name servers to use instead of private ones. Other settings reach every process.
Ctrl-C ends everything. Exit status: 0 done, 1 failed, 2 used wrongly.`;

export interface ClusterOptions {
  nodes: number;
  workers: number;
  /** 0: any free one. */
  port: number;
  isJson: boolean;
}

const processesAtMost = 50;

/** What was typed behind the command, or `help` when that was asked for. Throws `WrongUse`. */
export function clusterOptions(
  args: string[],
  environment: { PORT?: string | undefined } = {},
): ClusterOptions | "help" {
  const number = { type: "string" } as const;
  const flags = parseFlags(args, { nodes: number, workers: number, port: number, json: { type: "boolean" } });
  if (flags === "help") return "help";
  const { nodes, workers, port, json } = flags.values;
  return {
    nodes: nodes === undefined ? 3 : numberOf("--nodes", nodes, { least: 1, most: processesAtMost }),
    workers: workers === undefined ? 2 : numberOf("--workers", workers, { least: 0, most: processesAtMost }),
    port: portOf(port, environment.PORT),
    isJson: json === true,
  };
}

function portOf(flag: string | undefined, setting: string | undefined): number {
  const bounds = { least: 0, most: 65_535 };
  if (flag !== undefined) return numberOf("--port", flag, bounds);
  return setting ? numberOf("PORT", setting, bounds) : 3000;
}

function numberOf(name: string, given: string, { least, most }: { least: number; most: number }): number {
  if (/^\d{1,9}$/.test(given) && Number(given) >= least && Number(given) <= most) return Number(given);
  throw new WrongUse(`${name} is a whole number from ${least} to ${most}, not "${given.slice(0, 40)}".`);
}
