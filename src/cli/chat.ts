/** `sotto chat`: a terminal client on the SDK. */
import { SottoError } from "../client/index.ts";
import { openChatClient } from "./chat/chat-client.ts";
import { chatHelp, parseChatOptions, UsageError, type ChatOptions } from "./chat/chat-options.ts";
import { converse } from "./chat/converse.ts";
import { exportHistory } from "./chat/export/export-history.ts";
import { receiveMessages, showLink, takeLink } from "./chat/receive.ts";
import { makeRecoveryKey, restore } from "./chat/recovery.ts";
import { startOver } from "./chat/start-over.ts";
import { sendLines } from "./chat/send-lines.ts";
import { Terminal } from "./chat/terminal.ts";
import type { Client } from "../client/index.ts";

/** Runs the command and answers its exit status. */
export async function chat(args: string[]): Promise<number> {
  const terminal = new Terminal();
  try {
    const options = parseChatOptions(args);
    if (options === "help") {
      terminal.print(chatHelp);
      return 0;
    }
    return await runChat(options, terminal);
  } catch (error) {
    if (error instanceof UsageError) {
      terminal.note(`sotto chat: ${error.message}\nTry sotto chat --help`);
      return 2;
    }
    if (!(error instanceof SottoError)) throw error;
    terminal.note(`sotto chat: ${error.message} (${error.code})`);
    return 1;
  }
}

async function runChat(options: ChatOptions, terminal: Terminal): Promise<number> {
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.once("SIGINT", interrupt);
  process.once("SIGTERM", interrupt);
  const timer = options.timeoutMs === undefined ? undefined : setTimeout(interrupt, options.timeoutMs);
  const client = await openChatClient(options);
  try {
    reportConnection(client, terminal);
    client.on("identity-changed", ({ user, reason }) =>
      terminal.note(
        reason === "started-over"
          ? `${user} has started over, with a new identity key. Ask them by another way whether that is so.`
          : `The identity key of ${user} has changed. Nothing is sent until you know why.`,
      ),
    );
    if (options.action === "show-link") return await showLink(client, terminal, stop.signal);
    if (options.action === "start-over") return await startOver(client, terminal, stop.signal);
    if (options.action === "restore") return await restore(client, options, terminal, stop.signal);
    await client.connect({ signal: stop.signal });
    return await act(client, options, terminal, stop.signal);
  } catch (error) {
    if (error instanceof SottoError && error.code === "aborted" && client.connection !== "online") {
      const hint = `No node has answered at ${client.url}. Is one running there? npm start starts one.`;
      throw new SottoError("offline", { detail: hint });
    }
    if (error instanceof SottoError && error.code === "link-required") {
      const command = `sotto chat --as ${options.user}`;
      const hint = `${options.user} has a device already. Link this one: ${command} --link. All are lost: ${command} --restore with the words of the recovery key, or without them ${command} --start-over`;
      throw new SottoError("link-required", { detail: hint });
    }
    throw error;
  } finally {
    clearTimeout(timer);
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
    await client.close();
    await terminal.flush();
  }
}

async function act(client: Client, options: ChatOptions, terminal: Terminal, signal: AbortSignal): Promise<number> {
  switch (options.action) {
    case "register":
      await client.sync();
      terminal.print(client.device);
      return 0;
    case "receive":
      return receiveMessages(client, options, terminal, signal);
    case "export":
      return exportHistory(client, options, terminal, signal);
    case "recovery-key":
      return makeRecoveryKey(client, terminal);
    case "take-link":
      return takeLink(client, options.linkCode, terminal);
    default: {
      const conversation = await client.direct(options.peer!);
      const isTyping = Boolean(process.stdin.isTTY) && options.attach.length === 0;
      return isTyping
        ? converse(conversation, options, terminal, signal)
        : sendLines(conversation, options, terminal, signal);
    }
  }
}

function reportConnection(client: Client, terminal: Terminal): void {
  let told = false;
  client.on("connection", (state) => {
    if (state === "reconnecting" && !told) terminal.note("the node does not answer; trying again …");
    if (state === "online" && told) terminal.note("connected again");
    told = state === "reconnecting";
  });
}
