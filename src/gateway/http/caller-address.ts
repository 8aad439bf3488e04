import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import { addressOf } from "../handshake.ts";

/** The network address a request came from, by the same rule as for sockets. */
export function callerAddress(
  context: Context<{ Bindings: HttpBindings }>,
  { trustedProxies }: { trustedProxies: number },
): string {
  const { headers, socket } = context.env.incoming;
  const handshake = { headers, address: socket.remoteAddress ?? "unknown" };
  return addressOf({ handshake } as Parameters<typeof addressOf>[0], trustedProxies);
}
