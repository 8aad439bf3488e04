/** A process of its own that writes to a store until it is killed. It prints a number once that batch is durable. */
import { fileStore } from "../../../src/client/stores/file-store.ts";

const [folder] = process.argv.slice(2);
const kdf = { opslimit: 1, memlimitBytes: 8192 };
const store = await fileStore(folder!, { passphrase: "correct horse", kdf }).open();
console.log("open");
const value = (batch: number, index: number) => new TextEncoder().encode(`${batch}/${index}`.repeat(1 + (batch % 40)));
for (let batch = 1; ; batch++) {
  const changes = Array.from({ length: 5 }, (_, index) => ({
    table: "t",
    id: `r-${index}`,
    bytes: value(batch, index),
  }));
  const own = { table: "log", id: String(batch).padStart(9, "0"), bytes: value(batch, 9) };
  const written = store.write([...changes, own]).then(() => process.stdout.write(`${batch}\n`));
  // Now and then several wait for the same sync.
  if (batch % 7 > 2) await written;
}
