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
  sotto chat --as alice --recovery-key          on alice's first device: make a recovery key and print its words, once
  sotto chat --as alice --restore               on a new device: take those words from standard input (or --restore FILE)
  sotto chat --as alice --export FILE           write all that alice can read to FILE, decrypted; with --with bob: what was said with bob
  sotto chat --as alice --start-over            alice has lost all devices, and the words: a new identity, on this one alone

  --url URL                the node; default http://127.0.0.1:3000 (or PORT)
  --token TOKEN            a JWT for --as; default: signed with the local node's own secret, on loopback only
  --data DIR               this device's keys and history; default ./data/chat/USER. One device, one folder
  --passphrase-file FILE   what the folder is encrypted under; default: a random one kept beside it
  --revoke-others          with --restore: all other devices are lost; close them out for good
  --attach FILE            send this file, and what is piped in; may be given several times
  --save-attachments DIR   save the files that come, or with --export all, under names that are safe
  --force                  with --export: replace what is there
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
  action:
    | "converse"
    | "register"
    | "receive"
    | "show-link"
    | "take-link"
    | "start-over"
    | "recovery-key"
    | "restore"
    | "export";
  receive: number;
  /** The file for what is exported. */
  exportTo: string;
  force: boolean;
  linkCode: string;
  /** A file with the words of the recovery key; empty for standard input. */
  restoreFrom: string;
  revokeOthers: boolean;
  until: "accepted" | "delivered";
  timeoutMs: number | undefined;
  attach: string[];
  saveAttachments: string | undefined;
  json: boolean;
}

/** `help` when help was asked for. */
export function parseChatOptions(args: string[]): ChatOptions | "help" {
  const { values } = parseOrRefuse(markBare(args));
  if (values.help) return "help";
  if (!values.as) throw new UsageError("who is writing? Say --as USER");
  const { register, receive, link, restore } = values;
  const alone = [register, receive, link, restore, values["start-over"], values["recovery-key"], values.export];
  if (alone.filter((one) => one !== undefined).length > 1) {
    throw new UsageError(
      "choose one of --register, --receive, --link, --recovery-key, --restore, --start-over and --export",
    );
  }
  if (values["revoke-others"] && restore === undefined) throw new UsageError("--revoke-others goes with --restore");
  if (values.export === "") throw new UsageError("--export takes the name of a file");
  if (values.force && values.export === undefined) throw new UsageError("--force goes with --export");
  const action = actionOf(values);
  if (action === "converse" && !values.with) throw new UsageError("to whom? Say --with USER");
  if (action !== "converse" && values.attach) throw new UsageError("--attach goes with --with USER alone");
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
    exportTo: values.export ?? "",
    force: values.force ?? false,
    linkCode: values.link ?? "",
    restoreFrom: values.restore ?? "",
    revokeOthers: values["revoke-others"] ?? false,
    until,
    timeoutMs: values.timeout === undefined ? undefined : wholeNumber("--timeout", values.timeout) * 1000,
    attach: values.attach ?? [],
    saveAttachments: values["save-attachments"],
    json: values.json ?? false,
  };
}

function actionOf(values: {
  register?: boolean;
  receive?: string;
  link?: string;
  restore?: string;
  "start-over"?: boolean;
  "recovery-key"?: boolean;
  export?: string;
}): ChatOptions["action"] {
  if (values.register) return "register";
  if (values["start-over"]) return "start-over";
  if (values["recovery-key"]) return "recovery-key";
  if (values.restore !== undefined) return "restore";
  if (values.receive !== undefined) return "receive";
  if (values.export !== undefined) return "export";
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
        "recovery-key": { type: "boolean" },
        restore: { type: "string" },
        export: { type: "string" },
        force: { type: "boolean" },
        "revoke-others": { type: "boolean" },
        url: { type: "string" },
        token: { type: "string" },
        data: { type: "string" },
        "passphrase-file": { type: "string" },
        attach: { type: "string", multiple: true },
        "save-attachments": { type: "string" },
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

/** `--link` alone shows a code, `--link CODE` takes one; `--restore` alone reads standard input. */
function markBare(args: string[]): string[] {
  const isBare = (arg: string, at: number): boolean =>
    ["--link", "--restore"].includes(arg) && (args[at + 1] ?? "--").startsWith("--");
  return args.map((arg, at) => (isBare(arg, at) ? `${arg}=` : arg));
}

function wholeNumber(flag: string, value: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(value)) throw new UsageError(`${flag} takes a whole number from 1 on`);
  return Number(value);
}
