import { NodeProcess } from "../test/support/node-process.ts";
import { startProcess } from "../test/support/sotto-command.ts";

export interface ServerProcess {
  name: "node" | "idle node" | "Redis" | "database";
  pid: number;
}

/** Server processes of one side of a comparison: where clients connect, and whose CPU counts. */
export interface Side {
  urls: string[];
  readonly processes: ServerProcess[];
  /** Ends the processes of this side and starts them anew, on the same ports and data. */
  restart(): Promise<void>;
  end(): Promise<void>;
}

const plenty = "1000000";
const settings = {
  LOG_LEVEL: "warn",
  MAX_SOCKETS: plenty,
  RATE_HANDSHAKES_PER_MINUTE: plenty,
  RATE_REQUESTS_PER_SECOND: plenty,
  RATE_MESSAGES_PER_SECOND: plenty,
  RATE_CLAIMS_PER_MINUTE: plenty,
  RATE_CLAIMED_PER_MINUTE: plenty,
};

/** How many processes of a side have clients, and how many more run beside them. */
interface Count {
  busy: number;
  idle?: number;
}

/** Nodes as operators run them. `others`: the servers that work for them. */
export async function startSotto(
  { busy, idle = 0 }: Count,
  more: Record<string, string>,
  others: readonly ServerProcess[],
): Promise<Side> {
  const nodes: NodeProcess[] = [];
  for (let index = 0; index < busy + idle; index += 1) nodes.push(await NodeProcess.start({ ...settings, ...more }));
  return {
    urls: nodes.slice(0, busy).map(({ url }) => url),
    get processes() {
      return [...nodes.map(({ pid }, index) => ({ name: nameOf(index, busy), pid })), ...others];
    },
    restart: async () => void (await Promise.all(nodes.map((node) => node.killAndStartAgain()))),
    end: async () => {
      await Promise.all(nodes.map((node) => node.close()));
    },
  };
}

/** Bare relays, over Redis where there are several. */
export async function startRawRelays(
  { busy, idle = 0 }: Count,
  more: Record<string, string>,
  others: readonly ServerProcess[],
): Promise<Side> {
  let relays = await Promise.all(Array.from({ length: busy + idle }, () => startRelay({ ...more })));
  const end = async () => void (await Promise.all(relays.map((relay) => relay.end())));
  return {
    urls: relays.slice(0, busy).map(({ url }) => url),
    get processes() {
      return [...relays.map(({ pid }, index) => ({ name: nameOf(index, busy), pid })), ...others];
    },
    restart: async () => {
      await end();
      relays = await Promise.all(relays.map(({ url }) => startRelay({ ...more, PORT: new URL(url).port })));
    },
    end,
  };
}

const nameOf = (index: number, busy: number): ServerProcess["name"] => (index < busy ? "node" : "idle node");

async function startRelay(environment: Record<string, string>) {
  const command = ["--import", "tsx", "bench/raw-relay-process.ts"];
  const relay = startProcess(process.execPath, command, environment);
  const [line] = await relay.says(/^\{.*\}$/m);
  const { url, pid } = JSON.parse(line) as { url: string; pid: number };
  const end = async () => {
    relay.child.kill("SIGKILL");
    await relay.ended;
  };
  return { url, pid, end };
}
