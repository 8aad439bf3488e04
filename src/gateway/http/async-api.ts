/** The Socket.IO interface as AsyncAPI 3.0, made from the validators that guard it. */
import type * as z from "zod/mini";
import { wireError } from "../../protocol/errors.ts";
import { protocolVersion } from "../../protocol/limits.ts";
import { pushes } from "../../protocol/pushes.ts";
import { handshakeAuth, requests } from "../../protocol/requests.ts";
import { jsonSchema } from "./json-schema.ts";

/** Component names have no colons. */
const key = (name: string) => name.replaceAll(":", ".");
const ref = (path: string) => ({ $ref: `#/${path}` });

/** An answer as it stands on the wire: `{ ok: true, data }` or `{ ok: false, error }`. */
const answerOf = (reply: z.core.$ZodType) => ({
  oneOf: [
    { type: "object", required: ["ok", "data"], properties: { ok: { const: true }, data: jsonSchema(reply) } },
    { type: "object", required: ["ok", "error"], properties: { ok: { const: false }, error: jsonSchema(wireError) } },
  ],
});

export function asyncApi(version: string): object {
  const messages: Record<string, object> = {};
  const operations: Record<string, object> = {};
  const channel = ref("channels/socket");
  for (const [name, { request, reply }] of Object.entries(requests)) {
    messages[key(name)] = { name, payload: jsonSchema(request) };
    messages[`${key(name)}.answer`] = { name: `${name} (acknowledgement)`, payload: answerOf(reply) };
    operations[key(name)] = {
      action: "receive",
      channel,
      messages: [ref(`channels/socket/messages/${key(name)}`)],
      reply: { channel, messages: [ref(`channels/socket/messages/${key(name)}.answer`)] },
    };
  }
  for (const [name, payload] of Object.entries(pushes)) {
    messages[key(name)] = { name, payload: jsonSchema(payload) };
    operations[key(name)] = { action: "send", channel, messages: [ref(`channels/socket/messages/${key(name)}`)] };
  }
  return {
    asyncapi: "3.0.0",
    info: {
      title: "Sotto: messages",
      version,
      description: `Socket.IO over WebSocket, protocol version ${protocolVersion}. Bytes are padded base64.`,
      "x-handshake-auth": jsonSchema(handshakeAuth),
    },
    channels: {
      socket: {
        address: "/socket.io/",
        messages: Object.fromEntries(Object.keys(messages).map((name) => [name, ref(`components/messages/${name}`)])),
      },
    },
    operations,
    components: { messages },
  };
}
