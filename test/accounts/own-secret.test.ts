import { expect } from "chai";
import { chmod, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ensureOwnSecret, isOwnSecretExposed, ownSecretFile, readOwnSecret } from "../../src/accounts/own-secret.ts";
import { nodeTokens } from "../../src/accounts/node-tokens.ts";
import { userId } from "../../src/protocol/ids.ts";
import { tempFolder } from "../support/temp-folder.ts";

describe("the secret a node makes for itself", () => {
  let folder: Awaited<ReturnType<typeof tempFolder>>;
  let dataDir: string;
  beforeEach(async () => {
    folder = await tempFolder();
    dataDir = join(folder.path, "data");
  });
  afterEach(() => folder.remove());

  it("is made once, and is the owner's alone", async () => {
    expect(readOwnSecret(dataDir)).to.equal(undefined);
    const first = ensureOwnSecret(dataDir);
    expect(first.isNew).to.equal(true);
    expect(first.secret).to.match(/^[\w-]{43}$/);
    expect(ensureOwnSecret(dataDir)).to.deep.equal({ secret: first.secret, isNew: false });
    expect((await stat(ownSecretFile(dataDir))).mode & 0o777).to.equal(0o600);
    expect((await stat(dataDir)).mode & 0o777).to.equal(0o700);
    expect(await readdir(dataDir)).to.deep.equal(["token-secret"]);
  });

  it("is missed when others may read it", async () => {
    ensureOwnSecret(dataDir);
    expect(isOwnSecretExposed(dataDir)).to.equal(false);
    await chmod(ownSecretFile(dataDir), 0o644);
    expect(isOwnSecretExposed(dataDir)).to.equal(true);
  });

  it("is not replaced when it is damaged: everybody would have to log in again", async () => {
    ensureOwnSecret(dataDir);
    await writeFile(ownSecretFile(dataDir), "x");
    expect(() => ensureOwnSecret(dataDir)).to.throw(/is damaged: delete it/);
  });

  it("signs what the node then accepts, also after it started again", async () => {
    const settings = {
      DATA_DIR: dataDir,
      AUTH_JWT_SECRET: "",
      AUTH_JWKS_URL: "",
      AUTH_ISSUER: "sotto",
      AUTH_AUDIENCE: "sotto",
      SESSION_TTL_HOURS: 1,
    };
    const first = nodeTokens(settings);
    const session = await first.issueToken!(userId.parse("alice"));
    const second = nodeTokens(settings);
    expect([first.madeOwnSecret, second.madeOwnSecret]).to.deep.equal([true, false]);
    expect((await second.verifier.verify(session.token)).user).to.equal("alice");
    const hosted = nodeTokens({ ...settings, AUTH_JWKS_URL: "https://host.example/keys" });
    expect(hosted.issueToken).to.equal(undefined);
  });
});
