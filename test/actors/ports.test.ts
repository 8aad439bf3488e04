import { expect } from "chai";
import { readdirSync } from "node:fs";

const ports = new URL("../../src/actors/ports/", import.meta.url);

describe("the ports", () => {
  for (const name of [
    ...readdirSync(ports).map((file) => `../../src/actors/ports/${file}`),
    "../../src/crypto/group-engine.ts",
  ]) {
    it(`${name.slice("../../".length)} brings no implementation along when it is loaded`, async () => {
      const module = (await import(name)) as Record<string, unknown>;
      expect(
        Object.values(module).filter((value) => typeof value === "function" && String(value).startsWith("class")),
      ).to.deep.equal([]);
    });
  }
});
