/** The cluster's processes of `dist/`: those that are kept, and those that are run to their end. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { imageFlags } from "../../test/support/image-flags.ts";
import type { KeptProcess, Ports } from "./kept-process.ts";
import type { LocalCluster } from "./local-cluster.ts";

type Settings = Readonly<Record<string, string>>;

const command = join(new URL("../../", import.meta.url).pathname, "dist/src/cli/main.js");

/** A node or a worker. */
export function keepSotto(
  cluster: LocalCluster,
  {
    name,
    command: subcommand,
    ports,
    settings,
  }: { name: string; command: "start" | "worker"; ports: Ports; settings: Settings },
): KeptProcess {
  const own = { ...settings, PORT: String(ports.port), OPS_PORT: String(ports.opsPort) };
  return cluster.keep(name, ports, (log) =>
    spawn(process.execPath, [...imageFlags, command, subcommand, "--json"], {
      cwd: cluster.folder,
      env: { ...process.env, ...own },
      stdio: ["ignore", log, log],
    }),
  );
}

/** Rejects when it fails; it has said why. */
export async function runSottoToEnd(cluster: LocalCluster, subcommand: string, settings: Settings): Promise<void> {
  const child = spawn(process.execPath, [command, subcommand], {
    cwd: cluster.folder,
    env: { ...process.env, ...settings },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const status = await new Promise((resolve) => child.once("exit", resolve));
  if (status !== 0) throw new Error(`sotto ${subcommand} failed`);
}
