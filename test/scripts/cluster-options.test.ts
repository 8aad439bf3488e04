import { expect } from "chai";
import { clusterOptions } from "../../scripts/cluster/options.ts";
import { startProcess, type Finished } from "../support/sotto-command.ts";

describe("the options of npm run cluster", function () {
  this.timeout(120_000);
  const cluster = (...args: string[]): Promise<Finished> =>
    startProcess(process.execPath, ["--import", "tsx", "scripts/cluster.ts", ...args], {}).ended;

  it("are explained when somebody asks", async () => {
    for (const flag of ["--help", "-h"]) {
      const { status, stdout, stderr } = await cluster(flag);
      expect([status, stderr]).to.deep.equal([0, ""]);
      for (const name of ["--nodes N", "--workers N", "--port N", "--json"]) expect(stdout).to.include(name);
    }
  });

  it("that make no sense end it with 2 and a sentence, before anything is started", async () => {
    for (const [args, said] of [
      [["--noods", "3"], "there is no option --noods. There are: --help, --nodes, --workers, --port, --json."],
      [["--nodes", "many"], '--nodes is a whole number from 1 to 50, not "many".'],
      [["three"], '"three" means nothing here.'],
    ] as [string[], string][]) {
      const { status, stdout, stderr } = await cluster(...args);
      expect([status, stdout]).to.deep.equal([2, ""]);
      expect(stderr).to.equal(`npm run cluster: ${said}\nTry: npm run cluster -- --help\n`);
    }
  });

  it("are three nodes, two workers and the port of the environment where nothing else is said", () => {
    const usual = { nodes: 3, workers: 2, port: 3000, isJson: false };
    expect(clusterOptions([])).to.deep.equal(usual);
    expect(clusterOptions([], { PORT: "" })).to.deep.equal(usual);
    expect(clusterOptions([], { PORT: "3001" })).to.deep.equal({ ...usual, port: 3001 });
    const given = ["--nodes", "1", "--workers", "0", "--port", "0", "--json"];
    expect(clusterOptions(given, { PORT: "x" })).to.deep.equal({ nodes: 1, workers: 0, port: 0, isJson: true });
  });

  it("have bounds", () => {
    for (const args of [
      ["--nodes", "0"],
      ["--nodes", "51"],
      ["--nodes", "1.5"],
      ["--nodes", ""],
      ["--workers=-1"],
      ["--port", "65536"],
      ["--port", "0x10"],
    ]) {
      expect(() => clusterOptions(args), args.join(" ")).to.throw(/is a whole number from/);
    }
    expect(() => clusterOptions([], { PORT: "x" })).to.throw("PORT is a whole number");
    expect(() => clusterOptions(["--nodes"])).to.throw("--nodes");
  });
});
