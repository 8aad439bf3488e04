/** A node's presence in a process of its own: holds the sockets that it is sent, until it is killed. */
import type { PresenceEntry } from "../../src/actors/ports/presence.ts";
import { PresenceNode, quickPresence } from "./presence-node.ts";

const node = await PresenceNode.open(process.argv[2]!, quickPresence);
process.on("message", (sockets: PresenceEntry[]) => {
  void Promise.all(sockets.map((socket) => node.presence.join(socket))).then(() => process.send!("held"));
});
process.on("disconnect", () => process.exit());
