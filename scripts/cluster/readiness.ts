/** Whether what was started answers yet. */
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import type { KeptProcess, Ports } from "./kept-process.ts";

const pauseMs = 100;
const readyWithinTries = 300;
const answersWithinTries = 100;

const isOk = (url: string): Promise<boolean> =>
  fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );

export const isReady = ({ opsPort }: Ports): Promise<boolean> => isOk(`http://127.0.0.1:${opsPort}/readyz`);

export async function untilReady({ name, ports, logFile }: KeptProcess): Promise<void> {
  if (await becomesTrue(() => isReady(ports), readyWithinTries)) return;
  throw new Error(`${name} does not get ready: ${readFileSync(logFile, "utf8").slice(-2000)}`);
}

export async function untilAnswers(url: string): Promise<void> {
  if (!(await becomesTrue(() => isOk(url), answersWithinTries))) throw new Error("the balancer does not answer");
}

async function becomesTrue(look: () => Promise<boolean>, tries: number): Promise<boolean> {
  for (let attempt = 0; attempt < tries; attempt += 1) {
    if (await look()) return true;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return false;
}

/** Whatever else answers there would be taken for the cluster. */
export async function mustBeFree(port: number): Promise<void> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once("error", () =>
      reject(new Error(`port ${port} is taken. Stop what uses it, or give another one: --port N (0: any).`)),
    );
    probe.listen(port, "127.0.0.1", resolve);
  });
  await new Promise((resolve) => probe.close(resolve));
}
