import { expect } from "chai";
import { lackingPrivileges, type Privilege } from "../../../src/store/mysql/inspect-privileges.ts";
import { openMysqlStore } from "../../../src/store/mysql/mysql-store.ts";
import type { MariaDbServer } from "../../support/servers/mariadb-server.ts";
import { sharedMariaDb } from "../../support/servers/shared-servers.ts";

const all = ["SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "LOCK TABLES"] satisfies Privilege[];

describe("the rights of the database's user", function () {
  this.timeout(120_000);
  let server: MariaDbServer;
  let url: string;
  let users = 0;
  before(async () => {
    server = await sharedMariaDb();
    url = await server.newDatabase();
  });

  const schema = () => new URL(url).pathname.slice(1);
  /** The URL of somebody new, who may do this. */
  async function urlOf(grants: string): Promise<string> {
    const user = `granted_${++users}`;
    await server.query(`CREATE USER ${user} IDENTIFIED BY 'secret'`);
    if (grants !== "") await server.query(`GRANT ${grants} ON ${schema()}.* TO ${user}`);
    return url.replace("root@", `${user}:secret@`);
  }

  it("are enough when they are these, and each of them is missed", async () => {
    const enough = await urlOf(all.join(", "));
    expect(await lackingPrivileges(enough)).to.deep.equal([]);
    for (const one of all) {
      const others = all.filter((other) => other !== one).join(", ");
      expect(await lackingPrivileges(await urlOf(others)), one).to.deep.equal([one]);
    }
    expect(await lackingPrivileges(await urlOf("SELECT"))).to.deep.equal(all.slice(1));
  });

  it("let migrations and the purge through when they are these", async () => {
    const store = openMysqlStore({ url: await urlOf(all.join(", ")), retentionDays: 90 });
    expect(await store.migrate()).to.have.length.greaterThan(0);
    // Far ahead: partitions are dropped, too.
    const report = await store.purge({ now: Date.now() + 400 * 86_400_000, dryRun: false, chunk: 100 });
    expect(report.filter(({ putOff }) => putOff)).to.deep.equal([]);
    await store.close();
  });

  it("count when they come by a role", async () => {
    const by = await urlOf("");
    const { username } = new URL(by);
    await server.query("CREATE ROLE keeper");
    await server.query(`GRANT ALL ON ${schema()}.* TO keeper`);
    await server.query(`GRANT keeper TO ${username}`);
    await server.query(`SET DEFAULT ROLE keeper FOR ${username}`);
    expect(await lackingPrivileges(by)).to.deep.equal([]);
  });
});
