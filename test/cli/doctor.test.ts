import { expect } from "chai";
import { checkClock, checkNodeVersion } from "../../src/cli/doctor/check-machine.ts";

describe("the doctor", () => {
  it("knows which Node is enough", () => {
    const states = ["18.20.0", "20.18.9", "20.19.0", "22.0.0", "100.1.0"].map(
      (version) => checkNodeVersion(version).state,
    );
    expect(states).to.deep.equal(["bad", "bad", "good", "good", "good"]);
  });

  it("knows a clock that was never set", () => {
    expect(checkClock(0).state).to.equal("bad");
    expect(checkClock(Date.now()).state).to.equal("good");
  });
});
