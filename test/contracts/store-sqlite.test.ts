import { join } from "node:path";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { storeContract } from "./store.contract.ts";

describe("the store on SQLite", () => {
  storeContract(async () => {
    const folder = await tempFolder();
    const file = join(folder.path, "sotto.db");
    const one = openSqliteStore({ file, retentionDays: 90 });
    const other = openSqliteStore({ file, retentionDays: 90 });
    await Promise.all([one.migrate(), other.migrate()]);
    return {
      one,
      other,
      end: async () => {
        await Promise.all([one.close(), other.close()]);
        await folder.remove();
      },
    };
  });
});
