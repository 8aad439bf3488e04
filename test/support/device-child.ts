/** A device in a process of its own, to be killed: keeps everything in a folder, says what happens, does what it is told. */
import { createClient, type Message } from "../../src/client/index.ts";
import { fileStore } from "../../src/client/node.ts";
import type { DeviceCommand, DeviceWord } from "./device-process.ts";
import { quickTimings } from "./quick-timings.ts";

const [url, user, token, folder] = process.argv.slice(2) as [string, string, string, string];
const tell = (word: DeviceWord): void => void process.send!(word);

const client = await createClient({
  url,
  user,
  token: () => token,
  store: fileStore(folder, { passphrase: "for a test", kdf: { opslimit: 1, memlimitBytes: 8 * 1024 * 1024 } }),
  timings: quickTimings,
  keyPackages: { full: 4, low: 2 },
});
client.on("message", ({ message }) => tell({ word: "message", text: message.text }));
client.on("fault", ({ code }) => tell({ word: "fault", text: code }));

process.on("message", (command: DeviceCommand) => void act(command));
await client.connect();
await client.sync();
tell({ word: "online" });

async function act(command: DeviceCommand): Promise<void> {
  const chat = await client.direct(command.peer);
  if (command.does === "send") {
    for (const text of command.texts) {
      const message = chat.send(text);
      message.on("state", (state) => tell({ word: "state", text, state }));
    }
    return;
  }
  const { messages } = await chat.history({ limit: 1000 });
  const opened = messages.filter((one): one is Message => "text" in one);
  const held = opened.map(({ text, sender, sequence, state }) => ({ text, sender: sender.user, sequence, state }));
  tell({ word: "history", held, unsent: chat.unsent().length });
}
