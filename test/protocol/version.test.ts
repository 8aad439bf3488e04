import { expect } from "chai";
import { readFileSync } from "node:fs";
import { sottoVersion } from "../../src/protocol/version.ts";

it("the version is the package's", () => {
  const packageFile = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  expect(sottoVersion).to.equal((JSON.parse(packageFile) as { version: string }).version);
});
