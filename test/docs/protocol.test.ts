import { expect } from "chai";
import { readFileSync } from "node:fs";
import { errorCatalogue, errorCodes } from "../../src/protocol/errors.ts";
import { pushes } from "../../src/protocol/pushes.ts";
import { requestNames, requests } from "../../src/protocol/requests.ts";

const text = readFileSync(new URL("../../docs/protocol.md", import.meta.url), "utf8");

/** The rows of the table under a heading, cell by cell. */
function rows(heading: string): string[][] {
  const section = text.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  return section
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}
const names = (heading: string) => rows(heading).map((row) => row[0]!.replaceAll("`", ""));

describe("docs/protocol.md", () => {
  it("has one row for each error code, and none for others", () => {
    expect(names("Error codes")).to.have.members(errorCodes).and.to.have.length(errorCodes.length);
  });

  it("says of each code what the catalogue says", () => {
    for (const [code, retryable, meaning] of rows("Error codes")) {
      const entry = errorCatalogue[code!.replaceAll("`", "") as keyof typeof errorCatalogue];
      expect([retryable, meaning]).to.deep.equal([entry.retryable ? "yes" : "no", entry.meaning]);
    }
  });

  it("has one row for each request, and none for others", () => {
    expect(names("Requests")).to.have.members(requestNames).and.to.have.length(requestNames.length);
  });

  it("names every field of each request, and only codes that there are", () => {
    for (const [name, fields, , codes] of rows("Requests")) {
      const { request } = requests[name!.replaceAll("`", "") as keyof typeof requests];
      const named = [...fields!.matchAll(/`([A-Za-z]+)\??`/g)].map((match) => match[1]!);
      expect(named, name).to.include.members(Object.keys(request.shape));
      for (const [, code] of codes!.matchAll(/`([a-z-]+)`/g)) expect(errorCodes).to.include(code);
    }
  });

  it("has one row for each push, and none for others", () => {
    const known = Object.keys(pushes);
    expect(names("Pushes")).to.have.members(known).and.to.have.length(known.length);
  });
});
