import { memoryStore } from "../../../src/client/stores/memory-store.ts";
import { describeClientStore } from "../../contracts/client-store.contract.ts";

describeClientStore("in memory", async () => {
  const store = memoryStore();
  return { store: () => store, dispose: async () => undefined };
});
