/** A process that accepts messages as fast as it can and prints each after its promise has resolved. Killed from outside. */
import { openSqliteStore } from "../../../src/store/sqlite/sqlite-store.ts";
import { foundDirect, messageBy } from "../../support/store/store-kit.ts";

async function acceptForever(file: string): Promise<void> {
  const store = openSqliteStore({ file, retentionDays: 90 });
  const conversations = await Promise.all(Array.from({ length: 4 }, () => foundDirect(store)));
  await Promise.all(
    conversations.map(async ({ conversation, alice, bob }) => {
      for (let number = 1; ; number++) {
        const sent = [messageBy(conversation, alice, number), messageBy(conversation, bob, number)];
        const outcomes = await Promise.all(sent.map((message) => store.acceptMessages(conversation, [message])));
        for (const [index, [outcome]] of outcomes.entries()) {
          if (outcome!.status !== "accepted") throw new Error(outcome!.status);
          process.stdout.write(`${conversation} ${bob.user} ${bob.device} ${outcome.sequence} ${sent[index]!.id}\n`);
        }
      }
    }),
  );
}

void acceptForever(process.argv[2]!);
