import { endSharedServers } from "./shared-servers.ts";

/** Mocha runs `afterAll` once, after the last test of its process. */
export const mochaHooks = { afterAll: () => endSharedServers() };
