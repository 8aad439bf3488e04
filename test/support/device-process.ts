import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { MessageState } from "../../src/client/index.ts";
import { tokenFor } from "./gateway-node.ts";
import { bareEnvironment } from "./sotto-command.ts";

export type DeviceCommand = { does: "send"; peer: string; texts: string[] } | { does: "history"; peer: string };

export interface HeldMessage {
  text: string;
  sender: string;
  sequence: number | undefined;
  state: MessageState;
}

/** What the device says. `message`: of somebody else, opened and stored. */
export type DeviceWord =
  | { word: "online" }
  | { word: "message" | "fault"; text: string }
  | { word: "state"; text: string; state: MessageState }
  | { word: "history"; held: HeldMessage[]; unsent: number };

const childFile = fileURLToPath(new URL("device-child.ts", import.meta.url));

/** A device that lives in a process of its own, and on the same folder in the next one. */
export class DeviceProcess {
  readonly heard: DeviceWord[] = [];
  private readonly child: ChildProcess;
  private readonly ended: Promise<void>;
  private said = "";

  private constructor(child: ChildProcess) {
    this.child = child;
    child.stderr!.setEncoding("utf8").on("data", (text: string) => (this.said += text));
    child.on("message", (word: DeviceWord) => this.heard.push(word));
    this.ended = new Promise((resolve) => child.once("close", () => resolve()));
  }

  /** Resolves when it is online and in step. */
  static async start(url: string, user: string, folder: string): Promise<DeviceProcess> {
    const device = DeviceProcess.begin(url, user, folder, await tokenFor(user));
    await device.says((word) => word.word === "online");
    return device;
  }

  private static begin(url: string, user: string, folder: string, token: string): DeviceProcess {
    const child = fork(childFile, [url, user, token, folder], {
      execArgv: ["--import", "tsx"],
      env: bareEnvironment({}) as NodeJS.ProcessEnv,
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    return new DeviceProcess(child);
  }

  /** The first word that fits, heard already or to come. */
  async says(fits: (word: DeviceWord) => boolean, timeoutMs = 20_000): Promise<DeviceWord> {
    const known = this.heard.find(fits);
    if (known) return known;
    return new Promise((resolve, reject) => {
      const fail = (): void => reject(new Error(`the device did not say it: ${this.said}`));
      const timer = setTimeout(fail, timeoutMs);
      this.child.once("close", fail);
      this.child.on("message", (word: DeviceWord) => {
        if (!fits(word)) return;
        clearTimeout(timer);
        resolve(word);
      });
    });
  }

  send(peer: string, texts: string[]): void {
    this.tell({ does: "send", peer, texts });
  }

  /** What it holds of its conversation with somebody, and how many messages the node has not accepted. */
  async history(peer: string): Promise<{ held: HeldMessage[]; unsent: number }> {
    const before = this.heard.length;
    this.tell({ does: "history", peer });
    const isNew = (word: DeviceWord): boolean => word.word === "history" && this.heard.indexOf(word) >= before;
    return (await this.says(isNew)) as DeviceWord & { word: "history" };
  }

  /** `kill -9`; resolves when the process is gone. */
  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.ended;
  }

  private tell(command: DeviceCommand): void {
    this.child.send(command);
  }
}
