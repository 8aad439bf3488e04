#!/usr/bin/env node
/** The `sotto` command: finds the command that was asked for and answers with its exit status. 0 done, 1 failed, 2 used wrongly. */
import { SettingsError } from "../../config/load-settings.ts";
import { sottoVersion } from "../protocol/version.ts";
import { StartError } from "../server/start-error.ts";
import { commandList, commands, type CommandName } from "./commands.ts";
import { quietPipes } from "./quiet-pipes.ts";
import { WrongUse } from "./wrong-use.ts";

const help = `sotto ${sottoVersion}: end-to-end-encrypted messaging to put under your own product

Usage: sotto COMMAND [options]

${commandList}

Every command explains itself: sotto COMMAND --help
Settings come from the environment: sotto config lists them, sotto config check tries them.

The first message, in three terminals:
  npm start
  npx sotto chat --as bob --with alice
  npx sotto chat --as alice --with bob

Exit status: 0 done, 1 failed, 2 used wrongly.`;

async function main(args: string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "help" || name === "--help" || name === "-h") {
    console.log(help);
    return name === undefined ? 2 : 0;
  }
  if (name === "--version" || name === "-v") {
    console.log(sottoVersion);
    return 0;
  }
  if (!Object.hasOwn(commands, name)) throw new WrongUse(`there is no command "${name.slice(0, 40)}".`);
  const run = await commands[name as CommandName].load();
  return run(rest);
}

function explain(error: unknown, name: string | undefined): number {
  const command = name !== undefined && Object.hasOwn(commands, name) ? `sotto ${name}` : "sotto";
  if (error instanceof WrongUse) {
    console.error(`${command}: ${error.message}\nTry: ${command} --help`);
    return 2;
  }
  if (error instanceof SettingsError) {
    console.error(
      `${command}: these settings are wrong.\n${error.message}\nAll of them, with their meaning: sotto config`,
    );
    return 1;
  }
  if (error instanceof StartError) console.error(`${command}: ${error.message}`);
  else console.error(`${command}:`, error);
  return 1;
}

const args = process.argv.slice(2);
// A chat that nobody reads would take in messages unseen; it ends as by Ctrl-C. A node runs on.
quietPipes(() => args[0] === "chat" && process.emit("SIGINT", "SIGINT"));
process.exitCode = await main(args).catch((error: unknown) => explain(error, args[0]));
