import { expect } from "chai";
import { newArchiveKey } from "../../src/crypto/archive.ts";
import { deviceNameBytes, openDeviceName, sealDeviceName } from "../../src/crypto/device-name.ts";
import { sodiumReady } from "../../src/identity/sodium.ts";
import { SottoError } from "../../src/protocol/errors.ts";
import { newId, type DeviceId, type UserId } from "../../src/protocol/ids.ts";
import { limits } from "../../src/protocol/limits.ts";

describe("a device's name, sealed", () => {
  before(sodiumReady);
  const place = { user: "ann" as UserId, device: newId<DeviceId>() };
  const codeOf = (work: () => unknown): unknown => {
    try {
      return work();
    } catch (error) {
      return error instanceof SottoError ? error.code : error;
    }
  };

  it("opens as what it was, and has one size whatever it is", () => {
    const key = newArchiveKey(1, 1);
    for (const name of ["x", "Ann's laptop", "büro 🖥️", "n".repeat(deviceNameBytes)]) {
      const sealed = sealDeviceName(key, place, name);
      expect(sealed).to.have.length(limits.sealedDeviceNameBytes);
      expect(openDeviceName(key, place, sealed)).to.equal(name);
    }
  });

  it("opens for no other device, user, archive key or generation, and not changed", () => {
    const key = newArchiveKey(1, 1);
    const sealed = sealDeviceName(key, place, "laptop");
    const others = [
      () => openDeviceName(newArchiveKey(1, 1), place, sealed),
      () => openDeviceName({ ...key, generation: 2 }, place, sealed),
      () => openDeviceName(key, { ...place, device: newId<DeviceId>() }, sealed),
      () => openDeviceName(key, { ...place, user: "bob" as UserId }, sealed),
      () => openDeviceName(key, place, sealed.slice(1)),
      () => openDeviceName(key, place, new Uint8Array(0)),
      ...[...sealed.keys()].map((at) => () => openDeviceName(key, place, sealed.with(at, sealed[at]! ^ 1))),
    ];
    for (const open of others) expect(codeOf(open)).to.equal("undecryptable");
  });

  it("is nothing that is empty or too long", () => {
    for (const name of ["", "n".repeat(deviceNameBytes + 1), "🖥".repeat(33)]) {
      expect(codeOf(() => sealDeviceName(newArchiveKey(1, 1), place, name))).to.equal("invalid-argument");
    }
  });
});
