import { expect } from "chai";
import { sodium, sodiumReady } from "../../src/identity/sodium.ts";

describe("loading libsodium", () => {
  it("gives the sumo build, with the primitives that only it has", async () => {
    await sodiumReady();
    await sodiumReady();
    expect(sodium().crypto_kem_xwing_seed_keypair).to.be.a("function");
    expect(sodium().crypto_auth_hmacsha512_init).to.be.a("function");
    expect(sodium().crypto_xof_shake256).to.be.a("function");
  });
});
