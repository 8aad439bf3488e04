/** `sotto vapid`: a key pair for Web Push. */
import { newVapidPair } from "../push/vapid.ts";
import { parseFlags } from "./parse-flags.ts";

const help = `sotto vapid: makes a key pair for Web Push and prints it as settings.

  --json   print { publicKey, privateKey }

The same pair goes to every node and worker of a deployment. Keep it: browsers subscribe to the public key, and with
another one all of them have to subscribe anew. VAPID_SUBJECT is for you to add.`;

export async function vapid(args: string[]): Promise<number> {
  const flags = parseFlags(args, { json: { type: "boolean" } });
  if (flags === "help") {
    console.log(help);
    return 0;
  }
  const pair = await newVapidPair();
  const asSettings = `VAPID_PUBLIC_KEY=${pair.publicKey}\nVAPID_PRIVATE_KEY=${pair.privateKey}`;
  console.log(flags.values.json === true ? JSON.stringify(pair) : asSettings);
  return 0;
}
