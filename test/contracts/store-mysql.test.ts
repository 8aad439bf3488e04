import { openMysqlStore } from "../../src/store/mysql/mysql-store.ts";
import { sharedMariaDb } from "../support/servers/shared-servers.ts";
import { storeContract } from "./store.contract.ts";

describe("the store on MariaDB", function () {
  this.timeout(120_000);
  storeContract(async () => {
    const url = await (await sharedMariaDb()).newDatabase();
    const open = (options: { retentionDays: number; undeliveredTtlDays?: number }) =>
      openMysqlStore({ url, connections: 6, ...options });
    const one = open({ retentionDays: 90 });
    const other = open({ retentionDays: 90 });
    const forgetful = open({ retentionDays: 0 });
    const impatient = open({ retentionDays: 90, undeliveredTtlDays: 0 });
    const all = [one, other, forgetful, impatient];
    await Promise.all(all.map((store) => store.migrate()));
    return {
      one,
      other,
      forgetful,
      impatient,
      end: async () => {
        await Promise.all(all.map((store) => store.close()));
      },
    };
  });
});
