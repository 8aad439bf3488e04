import { expect } from "chai";
import { readFileSync } from "node:fs";
import { trimLoader, trimWrappers } from "../../scripts/sodium/trim-scripts.mjs";
import { trap, trimWasm } from "../../scripts/sodium/trim-wasm.mjs";
import { readModule, sectionId } from "../../scripts/sodium/wasm-module.mjs";
import { wordsOfSources } from "../../scripts/sodium/words-of-sources.mjs";

const script = (name: string, file: string) =>
  readFileSync(new URL(`../../node_modules/${name}/dist/modules-sumo-esm/${file}.mjs`, import.meta.url), "utf8");
const wrappers = script("libsodium-wrappers-sumo", "libsodium-wrappers");
const loader = script("libsodium-sumo", "libsodium-sumo");

/** The WebAssembly as it is in the package, and the names in it of what is called. */
function packaged(calls: ReadonlySet<string>): { bytes: Uint8Array; names: ReadonlySet<string> } {
  let found: { bytes: Uint8Array; names: ReadonlySet<string> } | undefined;
  trimLoader(loader, calls, (bytes, names) => {
    found = { bytes, names };
    return "";
  });
  return found!;
}

describe("libsodium for browsers", () => {
  it("has each function that is called, and those it calls, byte for byte, and a trap for each other", () => {
    const { bytes, names } = packaged(trimWrappers(wrappers, wordsOfSources()).calls);
    const [whole, trimmed] = [readModule(bytes), readModule(trimWasm(bytes, names))];
    const [kept, gone] = [[] as number[], [] as number[]];
    for (const [at, body] of trimmed.bodies.entries()) (Buffer.compare(body, trap) === 0 ? gone : kept).push(at);
    expect(trimmed.bodies.length).to.equal(whole.bodies.length);
    expect(kept.map((at) => trimmed.bodies[at])).to.deep.equal(kept.map((at) => whole.bodies[at]));
    expect(kept.length).to.be.greaterThan(names.size);
    expect(gone.length).to.be.greaterThan(kept.length);
    const rest = ({ sections }: typeof whole) =>
      sections.filter(({ id }) => id !== sectionId.code && id !== sectionId.export);
    expect(rest(trimmed)).to.deep.equal(rest(whole));
    expect(trimmed.exports.every((one) => whole.exports.some((other) => other.index === one.index))).to.equal(true);
  });

  it("has nothing that no source names, and everything that one does", () => {
    const none = trimWrappers(wrappers, new Set());
    const one = trimWrappers(wrappers, new Set(["crypto_sign_detached"]));
    expect([...none.calls].filter((call) => /sign|kem|pwhash/.test(call))).to.deep.equal([]);
    expect(none.code).not.to.include("crypto_sign_detached");
    expect([...one.calls].filter((call) => !none.calls.has(call))).to.have.members([
      "_crypto_sign_detached",
      "_crypto_sign_bytes",
      "_crypto_sign_secretkeybytes",
    ]);
    expect([...wordsOfSources()]).to.include.members(["crypto_sign_detached", "crypto_kem_xwing_dec"]);
  });

  it("is not built from scripts that are made in another way, or do not have what is called", () => {
    expect(() => trimWrappers(wrappers.replaceAll("=[", "= ["), new Set())).to.throw(/another way/);
    expect(() => trimLoader(loader.slice(0, 100_000), new Set(), () => "")).to.throw(/another way/);
    expect(() => trimLoader(loader, new Set(["_crypto_new"]), () => "")).to.throw(/no _crypto_new/);
  });

  it("is not built from an instruction that could hide a call", () => {
    const sections = ["01040160 0000", "03020100", "070501 0166 0000", "0a"].join("").replaceAll(" ", "");
    const module = (code: string) => Buffer.from(`0061736d01000000${sections}${code}`, "hex");
    expect(trimWasm(module("040102000b"), new Set(["f"]))).to.deep.equal(module("040102000b"));
    expect(() => trimWasm(module("06010400fd0f0b"), new Set(["f"]))).to.throw(/does not know: 253/);
  });
});
