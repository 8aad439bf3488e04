/**
 * `npm run cluster`: a whole cluster on this machine, to try things on. Nodes and workers are processes of dist/; Redis and
 * MariaDB are private and forget all at the end, unless REDIS_URL or DATABASE_URL name others. A process that ends is started
 * again, and NAME.pid in the cluster's folder says which it is: so a rolling restart is `kill -TERM` of one after the other.
 * One Ctrl-C ends everything.
 */
import { WrongUse } from "../src/cli/wrong-use.ts";
import { asBanner, asJson } from "./cluster/announcement.ts";
import { LocalCluster } from "./cluster/local-cluster.ts";
import { clusterHelp, clusterOptions, type ClusterOptions } from "./cluster/options.ts";
import { startCluster } from "./cluster/start-cluster.ts";

function readOptions(): ClusterOptions {
  try {
    const options = clusterOptions(process.argv.slice(2), process.env);
    if (options !== "help") return options;
    console.log(clusterHelp);
    process.exit(0);
  } catch (error) {
    if (!(error instanceof WrongUse)) throw error;
    console.error(`npm run cluster: ${error.message}\nTry: npm run cluster -- --help`);
    process.exit(2);
  }
}

async function run(options: ClusterOptions): Promise<void> {
  const cluster = new LocalCluster((line) => !options.isJson && console.log(`  ${line}`));
  const end = async (status: number): Promise<never> => {
    await cluster.end();
    process.exit(status);
  };
  for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"] as const) process.on(signal, () => void end(0));
  process.on("uncaughtException", (error) => {
    console.error(error.message);
    void end(1);
  });
  try {
    const running = await startCluster(cluster, options);
    if (running) console.log(options.isJson ? asJson(running) : asBanner(running));
  } catch (error) {
    if (!cluster.isEnding) console.error(error instanceof Error ? error.message : error);
    await end(1);
  }
}

await run(readOptions());
