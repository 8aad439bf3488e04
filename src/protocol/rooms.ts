/** Addresses of actors, the same on every node: Socket.IO rooms. The prefix keeps them apart from socket ids. */
import type { ConversationId, DeviceId, UserId } from "./ids.ts";

export type Room = `user:${string}` | `device:${string}` | `group:${string}` | `link:${string}`;

/** The sharded adapter takes a room name of exactly 20 characters for a socket id; no id has a space in it. */
const socketIdLength = 20;
const named = (name: Room): Room => (name.length === socketIdLength ? `${name} ` : name);

/** All admitted sockets of a user: direct messages, receipts. */
export const userRoom = (user: UserId): Room => named(`user:${user}`);
/** The sockets of one device: its inbox, doorbells. */
export const deviceRoom = (device: DeviceId): Room => named(`device:${device}`);
/** All admitted sockets of a group's users: what is said in it is one push, whatever their number. SQL says who they are. */
export const groupRoom = (conversation: ConversationId): Room => named(`group:${conversation}`);
/** The one socket of a new device that waits to be linked, by the base64 of its channel. It is not admitted yet. */
export const linkRoom = (channel: string): Room => named(`link:${channel}`);
