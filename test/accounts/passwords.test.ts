import { expect } from "chai";
import { Passwords } from "../../src/accounts/passwords.ts";
import { SottoError } from "../../src/protocol/errors.ts";

describe("hashing a password", () => {
  const passwords = new Passwords();
  after(() => passwords.close());

  it("gives an Argon2id string with a salt of its own", async () => {
    const [first, second] = await Promise.all([passwords.hash("correct horse"), passwords.hash("correct horse")]);
    expect(first).to.match(/^\$argon2id\$v=19\$m=65536,t=2,p=1\$/);
    expect(second).not.to.equal(first);
  });

  it("knows the password again, and no other", async () => {
    const hash = await passwords.hash("correct horse");
    expect(await passwords.verify(hash, "correct horse")).to.equal(true);
    expect(await passwords.verify(hash, "correct horsf")).to.equal(false);
    expect(await passwords.verify("not a hash", "correct horse")).to.equal(false);
  });

  it("leaves the event loop free", async () => {
    let turns = 0;
    const turn = () => {
      turns += 1;
      timer = setTimeout(turn, 1);
    };
    let timer = setTimeout(turn, 1);
    await passwords.hash("correct horse");
    clearTimeout(timer);
    expect(turns).to.be.greaterThan(10);
  });

  it("refuses as overloaded what would have to wait for seconds", async () => {
    const busy = new Passwords();
    const outcomes = Array.from({ length: 33 }, () => busy.hash("correct horse").catch((error: unknown) => error));
    const refused = await outcomes[32];
    expect(refused).to.be.instanceOf(SottoError).with.property("code", "overloaded");
    await busy.close();
    const waiting = await Promise.all(outcomes.slice(0, 32));
    expect(waiting.filter((outcome) => outcome instanceof SottoError)).not.to.be.empty;
  });
});
