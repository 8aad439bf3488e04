/** What `sotto chat` was asked to do. Throws `UsageError`, whose message says what is wrong and what to write instead. */
import { parseArgs } from "node:util";

export class UsageError extends Error {
  override readonly name = "UsageError";
}

export const chatHelp = `sotto chat: a terminal client, end-to-end encrypted

  sotto chat --as alice --with bob              write to bob; what bob writes appears here
  sotto chat --as bob --register                register bob's first device and leave
  sotto chat --as bob --receive 10              print ten messages that have not been printed, and leave
  ls | sotto chat --as alice --with bob         send what comes in, line by line, and leave when all is accepted
  sotto chat --as alice --link                  on a new device: show the code that links it
  sotto chat --as alice --link CODE             on alice's first device: take that code
  sotto chat --as alice --start-over            alice has lost all devices: a new identity, on this one alone

  --url URL                the node; default http://127.0.0.1:3000 (or PORT)
  --token TOKEN            a JWT for --as; default: signed with the local node's own secret, on loopback only
  --data DIR               this device's keys and history; default ./data/chat/USER. One device, one folder
  --passphrase-file FILE   what the folder is encrypted under; default: a random one kept beside it
  --until STATE            piped input: leave when all is accepted (default) or delivered
  --timeout SECONDS        give up after this long; default: never
  --json                   counts and messages as JSON
  -h, --help

What is shown while you talk is marked as read, and the other side sees it; what is piped or printed by --receive is not.

Exit status: 0 done, 1 failed or not finished, 2 used wrongly.`;

export interface ChatOptions {
  user: string;
  peer: string | undefined;
  url: string | undefined;
  token: string | undefined;
  data: string | undefined;
  passphraseFile: string | undefined;
  action: "converse" | "register" | "receive" | "show-link" | "take-link" | "start-over";
  receive: number;
  linkCode: string;
  until: "accepted" | "delivered";
  timeoutMs: number | undefined;
  json: boolean;
}

/** `help` when help was asked for. */
export function parseChatOptions(args: string[]): ChatOptions | "help" {
  const { values } = parseOrRefuse(markBareLink(args));
  if (values.help) return "help";
  if (!values.as) throw new UsageError("who is writing? Say --as USER");
  const { register, receive, link } = values;
  const asked = [register, receive, link, values["start-over"]].filter((one) => one !== undefined).length;
  if (asked > 1) throw new UsageError("choose one of --register, --receive, --link and --start-over");
  const action = actionOf(values);
  if (action === "converse" && !values.with) throw new UsageError("to whom? Say --with USER");
  if (values.with === values.as) throw new UsageError("--as and --with are the same person");
  const until = values.until ?? "accepted";
  if (until !== "accepted" && until !== "delivered") throw new UsageError("--until takes accepted or delivered");
  return {
    user: values.as,
    peer: values.with,
    url: values.url,
    token: values.token,
    data: values.data,
    passphraseFile: values["passphrase-file"],
    action,
    receive: values.receive === undefined ? 0 : wholeNumber("--receive", values.receive),
    linkCode: values.link ?? "",
    until,
    timeoutMs: values.timeout === undefined ? undefined : wholeNumber("--timeout", values.timeout) * 1000,
    json: values.json ?? false,
  };
}

function actionOf(values: {
  register?: boolean;
  receive?: string;
  link?: string;
  "start-over"?: boolean;
}): ChatOptions["action"] {
  if (values.register) return "register";
  if (values["start-over"]) return "start-over";
  if (values.receive !== undefined) return "receive";
  if (values.link !== undefined) return values.link === "" ? "show-link" : "take-link";
  return "converse";
}

function parseOrRefuse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        as: { type: "string" },
        with: { type: "string" },
        register: { type: "boolean" },
        receive: { type: "string" },
        link: { type: "string" },
        "start-over": { type: "boolean" },
        url: { type: "string" },
        token: { type: "string" },
        data: { type: "string" },
        "passphrase-file": { type: "string" },
        until: { type: "string" },
        timeout: { type: "string" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message.split(". ")[0]! : "unreadable arguments");
  }
}

/** `--link` alone shows a code, `--link CODE` takes one. */
function markBareLink(args: string[]): string[] {
  return args.map((arg, at) => (arg === "--link" && (args[at + 1] ?? "--").startsWith("--") ? "--link=" : arg));
}

function wholeNumber(flag: string, value: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(value)) throw new UsageError(`${flag} takes a whole number from 1 on`);
  return Number(value);
}
