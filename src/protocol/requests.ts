/**
 * Every request a client can make: its shape and the shape of its answer. The validators are the single source of the
 * types, of the published schemas and of the fuzz tests. A request is a Socket.IO event with one argument and an
 * acknowledgement; the answer is `{ ok: true, data }` or `{ ok: false, error }`.
 */
import * as z from "zod/mini";
import { wireError } from "./errors.ts";
import { admissionRequests } from "./requests/admission.ts";
import { conversationRequests } from "./requests/conversations.ts";
import { deviceRequests } from "./requests/devices.ts";
import { historyRequests } from "./requests/history.ts";
import { inboxRequests } from "./requests/inbox.ts";
import { messageRequests } from "./requests/messages.ts";
import { peopleRequests } from "./requests/people.ts";
import { pushRequests } from "./requests/push.ts";
import { recoveryRequests } from "./requests/recovery.ts";

export type { ConversationSummary } from "./requests/conversations.ts";
export type { InboxEntry } from "./requests/inbox.ts";

export const requests = {
  ...admissionRequests,
  ...deviceRequests,
  ...conversationRequests,
  ...messageRequests,
  ...historyRequests,
  ...inboxRequests,
  ...recoveryRequests,
  ...peopleRequests,
  ...pushRequests,
} as const;

export type RequestName = keyof typeof requests;
export const requestNames = Object.keys(requests) as RequestName[];
export type RequestOf<N extends RequestName> = z.infer<(typeof requests)[N]["request"]>;
export type ReplyOf<N extends RequestName> = z.infer<(typeof requests)[N]["reply"]>;

/** Requests that a socket may make before it is admitted. */
export const requestsBeforeAdmission: readonly RequestName[] = [
  "session:prove",
  "session:register",
  "devices:head",
  "session:reset",
  "link:offer",
  "recovery:fetch",
  "session:restore",
];

/** Of these, what an admitted socket may ask, too. */
export const requestsAtAnyTime: readonly RequestName[] = ["recovery:fetch"];

/** What every request is answered with. */
export type Answer<N extends RequestName> =
  { ok: true; data: ReplyOf<N> } | { ok: false; error: z.infer<typeof wireError> };

/** The handshake's `auth` object. */
export const handshakeAuth = z.object({
  token: z.string().check(z.minLength(1), z.maxLength(8192)),
  protocol: z.int(),
});
