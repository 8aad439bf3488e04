/** The thread that owns the connection. Takes calls as they come, runs all that wait in one transaction, then answers. */
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { Connection } from "./connection.ts";
import { failureOf, runBatch, type WaitingOperation } from "./group-commit.ts";
import { migrate } from "./migrate.ts";
import type { Aside, StoreCall, StoreReply, ThreadOptions } from "./thread-messages.ts";

/** Enough to make one flush cheap, few enough to answer the first soon. */
const operationsPerCommit = 512;

const port = parentPort!;
const options = workerData as ThreadOptions;
const db = new Connection(options.file, options.busyTimeoutMs);

port.on("message", (first: StoreCall[]) => {
  const calls = first;
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
    for (const call of next.message as StoreCall[]) calls.push(call);
  }
  let batch: WaitingOperation[] = [];
  const flush = () => {
    if (batch.length > 0) port.postMessage(runBatch(db, batch, options));
    batch = [];
  };
  for (const call of calls) {
    if (isAside(call.name)) {
      flush();
      port.postMessage([runAside(call)]);
    } else {
      batch.push({ id: call.id, name: call.name, parameters: call.parameters });
      if (batch.length >= operationsPerCommit) flush();
    }
  }
  flush();
});

const asides: readonly Aside[] = ["migrate", "ping", "overwriteDeleted", "close"];

function isAside(name: StoreCall["name"]): name is Aside {
  return asides.some((aside) => aside === name);
}

function runAside({ id, name }: StoreCall): StoreReply {
  try {
    if (name === "migrate") return { id, value: migrate(db) };
    // What is deleted is overwritten in the file, but its pages lie in the journal until they are carried over and that is cut.
    if (name === "overwriteDeleted") db.all("PRAGMA wal_checkpoint(TRUNCATE)");
    if (name === "ping") db.get("SELECT 1 AS one");
    if (name === "close") db.close();
    return { id, value: undefined };
  } catch (error) {
    const failure = failureOf(error);
    return { id, failure: failure.code === "unavailable" ? failure : { code: null, detail: failure.detail } };
  }
}
