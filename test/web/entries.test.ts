import { expect } from "chai";
import type { Entry } from "../../src/web/bridge/contract.ts";
import { placed, windowOf } from "../../src/web/state/entries.ts";

describe("the entries of a conversation on the screen", () => {
  const entry = (id: string, sequence?: number, reason = "undecryptable"): Entry =>
    ({
      kind: "unopened",
      id,
      conversation: "c",
      sender: "bob",
      reason,
      ...(sequence !== undefined && { sequence }),
    }) as Entry;
  const ids = (entries: readonly Entry[]) => entries.map(({ id }) => id).join(" ");

  it("stand in the order of the log, however they come in; what is not in it yet stands last, as it was written", () => {
    const known = placed([], [entry("c", 3), entry("x"), entry("y")]);
    expect(ids(placed(known, [entry("a", 1), entry("b", 2), entry("z")]))).to.equal("a b c x y z");
  });

  it("are there once, as they are now, and move when they are accepted", () => {
    const known = placed([], [entry("a", 1), entry("x"), entry("y")]);
    const now = placed(known, [entry("y", 2, "later")]);
    expect(ids(now)).to.equal("a y x");
    expect(now[1]).to.include({ reason: "later" });
  });

  it("are there once, also where the first of all is accepted, and a page before them comes first", () => {
    const accepted = placed(placed([], [entry("x"), entry("y")]), [entry("x", 7)]);
    expect(ids(accepted)).to.equal("x y");
    expect(ids(placed(accepted, [entry("a", 5), entry("b", 6)]))).to.equal("a b x y");
  });

  it("are in the document up to a bound: the newest, or those that are looked at", () => {
    expect(windowOf(50, undefined)).to.deep.equal({ from: 0, to: 50 });
    expect(windowOf(10_000, undefined)).to.deep.equal({ from: 9800, to: 10_000 });
    expect(windowOf(10_000, { from: 0, to: 50 })).to.deep.equal({ from: 0, to: 50 });
  });

  it("leave the document at the other end from where it grows", () => {
    expect(windowOf(1000, { from: 100, to: 350 })).to.deep.equal({ from: 100, to: 300 });
    expect(windowOf(1000, { from: 100, to: 350, isDownwards: true })).to.deep.equal({ from: 150, to: 350 });
  });
});
