import { MemoryPresence } from "../../src/cluster/memory-presence.ts";
import { presenceContract } from "./presence.contract.ts";

describe("presence in memory", () => {
  presenceContract(() => ({ presence: new MemoryPresence(), end: () => undefined }));
});
