import { expect } from "chai";
import fc from "fast-check";
import { fileNameOf } from "../../src/client/index.ts";

describe("the name of a file that somebody sent", () => {
  for (const [given, safe] of [
    ["holiday.jpg", "holiday.jpg"],
    ["../../etc/passwd", "_.._etc_passwd"],
    ["C:\\Windows\\a.txt", "C__Windows_a.txt"],
    ["/", "_"],
    [".bashrc", "bashrc"],
    ["...", "attachment"],
    ["", "attachment"],
    ["a\u0000b\nc", "abc"],
    ["photo\u202Egpj.exe", "photogpj.exe"],
    ["con.txt", "_con.txt"],
    ["LPT1", "_LPT1"],
    ["ends. . ", "ends"],
    ['what?*<>|".txt', "what______.txt"],
  ] as const) {
    it(`${JSON.stringify(given)} becomes ${JSON.stringify(safe)}`, () => expect(fileNameOf(given)).to.equal(safe));
  }

  it("keeps its ending where it is too long", () => {
    const name = fileNameOf(`${"ä".repeat(250)}.jpeg`);
    expect(new TextEncoder().encode(name).length).to.be.at.most(200);
    expect(name.endsWith("ä.jpeg")).to.equal(true);
  });

  it("is one plain segment, whatever was given", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 400 }), (given) => {
        const name = fileNameOf(given);
        expect(name)
          .to.not.match(/[/\\\p{Cc}\p{Cf}]/u)
          .and.not.match(/^\./)
          .and.not.match(/[. ]$/);
        expect(new TextEncoder().encode(name).length).to.be.within(1, 200);
        expect(fileNameOf(name)).to.equal(name);
      }),
    );
  });
});
