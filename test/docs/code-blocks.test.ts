import { expect } from "chai";
import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const root = new URL("../../", import.meta.url).pathname;
/** Inside of the project, so that its packages are found. */
const folder = join(root, "node_modules/.cache/sotto-docs");

async function pages(): Promise<string[]> {
  const docs = await readdir(join(root, "docs"), { recursive: true });
  return ["README.md", ...docs.filter((name) => name.endsWith(".md")).map((name) => join("docs", name))];
}

describe("the documentation's code", () => {
  it("compiles against the package's own types", async function () {
    this.timeout(120_000);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    let blocks = 0;
    for (const page of await pages()) {
      const text = await readFile(join(root, page), "utf8");
      const found = [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => code!);
      // Those of the README go on from one another.
      for (const code of page === "README.md" ? [found.join("\n")] : found) {
        await writeFile(join(folder, `block-${++blocks}.ts`), `// ${page}\n${code}\nexport {};\n`);
      }
    }
    expect(blocks).to.be.greaterThan(0);
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify(options));
    const compiler = join(root, "node_modules/typescript/bin/tsc");
    const output = await promisify(execFile)(process.execPath, [compiler, "-p", folder]).then(
      () => "",
      (error: { stdout: string }) => error.stdout,
    );
    expect(output).to.equal("");
    await rm(folder, { recursive: true });
  });
});

const options = {
  extends: "../../../tsconfig.json",
  compilerOptions: {
    paths: {
      sotto: ["../../../src/index.ts"],
      "sotto/client": ["../../../src/client/index.ts"],
      "sotto/client/node": ["../../../src/client/node.ts"],
    },
  },
  include: ["*.ts"],
  exclude: [],
};
