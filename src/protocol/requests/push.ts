/** Waking a device while it is away. */
import * as z from "zod/mini";
import { limits } from "../limits.ts";
import { empty } from "./fields.ts";

const pushEndpoint = z.string().check(z.maxLength(limits.pushEndpointLength), z.regex(/^https?:\/\/[\x21-\x7e]+$/));
/** 65 bytes, uncompressed, base64url without padding: as browsers take it. */
const vapidKey = z.string().check(z.regex(/^[A-Za-z0-9_-]{87}$/));

export const pushRequests = {
  /** What a browser is to subscribe to. The same on all nodes of a deployment, and for as long as it stands. */
  "push:key": { request: empty, reply: z.object({ publicKey: vapidKey }) },
  /** Where this device is told, while it is away, that something waits: one place a device, in the place of the one before. */
  "push:subscribe": { request: z.object({ endpoint: pushEndpoint }), reply: empty },
  "push:unsubscribe": { request: empty, reply: empty },
} as const;
