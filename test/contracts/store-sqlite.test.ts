import { join } from "node:path";
import { openSqliteStore } from "../../src/store/sqlite/sqlite-store.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { storeContract } from "./store.contract.ts";

describe("the store on SQLite", () => {
  storeContract(async () => {
    const folder = await tempFolder();
    const file = join(folder.path, "sotto.db");
    const [one, other] = [90, 90].map((retentionDays) => openSqliteStore({ file, retentionDays })) as [
      ReturnType<typeof openSqliteStore>,
      ReturnType<typeof openSqliteStore>,
    ];
    const forgetful = openSqliteStore({ file, retentionDays: 0 });
    await Promise.all([one.migrate(), other.migrate(), forgetful.migrate()]);
    return {
      one,
      other,
      forgetful,
      end: async () => {
        await Promise.all([one.close(), other.close(), forgetful.close()]);
        await folder.remove();
      },
    };
  });
});
