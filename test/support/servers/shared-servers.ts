/** One MariaDB for all suites of a test process that need no more than "a" database; it ends with it. */
import { MariaDbServer } from "./mariadb-server.ts";

let mariaDb: Promise<MariaDbServer> | undefined;

export const sharedMariaDb = (): Promise<MariaDbServer> => (mariaDb ??= MariaDbServer.start());

/** For the root hook: see `.mocharc.json`. */
export async function endSharedServers(): Promise<void> {
  await (await mariaDb)?.end();
}
