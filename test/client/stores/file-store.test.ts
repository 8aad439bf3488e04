import { fileStore } from "../../../src/client/stores/file-store.ts";
import { describeClientStore } from "../../contracts/client-store.contract.ts";
import { tempFolder } from "../../support/temp-folder.ts";

describeClientStore("in a folder", async () => {
  const folder = await tempFolder();
  const options = { passphrase: "correct horse", kdf: { opslimit: 1, memlimitBytes: 8192 } };
  return { store: () => fileStore(folder.path, options), dispose: () => folder.remove() };
});
