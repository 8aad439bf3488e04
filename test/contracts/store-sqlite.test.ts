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
    const impatient = openSqliteStore({ file, retentionDays: 90, undeliveredTtlDays: 0 });
    const all = [one, other, forgetful, impatient];
    await Promise.all(all.map((store) => store.migrate()));
    return {
      one,
      other,
      forgetful,
      impatient,
      end: async () => {
        await Promise.all(all.map((store) => store.close()));
        await folder.remove();
      },
    };
  });
});
