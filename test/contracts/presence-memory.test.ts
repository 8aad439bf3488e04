import { MemoryPresence } from "../../src/cluster/memory-presence.ts";
import { graceMs, presenceContract } from "./presence.contract.ts";

describe("presence in memory", () => {
  presenceContract(() => {
    const presence = new MemoryPresence({ graceMs });
    return { one: presence, other: presence, end: () => undefined };
  });
});
