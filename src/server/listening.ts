import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Settings } from "../../config/settings.ts";
import { StartError } from "./start-error.ts";

const hostOf = { PORT: "HOST", OPS_PORT: "OPS_HOST" } as const;

/** Listens where the settings say, and answers the URL. Throws `StartError` with the name of the setting to change. */
export async function listenOn(server: Server, settings: Settings, portName: keyof typeof hostOf): Promise<string> {
  const port = settings[portName];
  const host = settings[hostOf[portName]];
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(refusedAddress(error, portName, host, port)));
    server.listen(port, host, resolve);
  });
  const bound = (server.address() as AddressInfo).port;
  return `http://${nameOf(host)}:${bound}`;
}

/** Stops taking connections and ends those that are left. */
export function endListening(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** How a person on this machine would write it. */
function nameOf(host: string): string {
  if (["127.0.0.1", "::1", "0.0.0.0", "::"].includes(host)) return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}

function refusedAddress(error: NodeJS.ErrnoException, portName: keyof typeof hostOf, host: string, port: number) {
  const hostName = hostOf[portName];
  const advice: Record<string, string> = {
    EADDRINUSE: `port ${port} on ${host} is taken. Stop what uses it, or set ${portName} to another one (0: any free one).`,
    EACCES: `port ${port} on ${host} is not allowed to this user. Set ${portName} to 1024 or above.`,
    EADDRNOTAVAIL: `${host} is not an address of this machine. Set ${hostName} to one that is.`,
    ENOTFOUND: `${host} is not known. Set ${hostName} to an address of this machine.`,
  };
  return new StartError(
    `${portName}: ${advice[error.code ?? ""] ?? `cannot listen on ${host}:${port} (${error.code})`}`,
  );
}
