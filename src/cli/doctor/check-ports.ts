import { createServer } from "node:http";
import type { Settings } from "../../../config/settings.ts";
import { endListening, listenOn } from "../../server/listening.ts";
import { StartError } from "../../server/start-error.ts";
import type { Finding } from "./finding.ts";

/** Whether a node could listen now. A taken port is no fault: the node may be running. */
export async function checkPorts(settings: Settings): Promise<Finding[]> {
  return Promise.all([checkPort(settings, "PORT"), checkPort(settings, "OPS_PORT")]);
}

async function checkPort(settings: Settings, name: "PORT" | "OPS_PORT"): Promise<Finding> {
  const server = createServer();
  try {
    const url = await listenOn(server, settings, name);
    await endListening(server);
    return { check: "port", state: "good", says: `${name}: ${url} is free` };
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return { check: "port", state: "note", says: error.message, todo: "nothing, if that is your node (see above)" };
  }
}
