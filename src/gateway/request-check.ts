/** Whether a request has the shape that the protocol describes, and if not, in which way. */
import type * as z from "zod/mini";
import { base64Length } from "../protocol/base64.ts";
import { SottoError } from "../protocol/errors.ts";
import { limits } from "../protocol/limits.ts";
import { requests, type RequestName, type RequestOf } from "../protocol/requests.ts";

/** Fields that carry somebody's bytes, and how many they may be. */
const sizedFields: Readonly<Record<string, number>> = {
  payload: limits.messageBytes,
  commit: limits.handshakeBytes,
  welcome: limits.welcomeBytes,
  sealed: limits.linkPayloadBytes,
  entry: limits.deviceListEntryBytes,
  keyPackage: limits.keyPackageBytes,
  lastResort: limits.keyPackageBytes,
  oneTime: limits.keyPackageBytes,
};

/** The request, with unknown fields left out. Throws `too-large` for too many bytes in a field, else `invalid-request`. */
export function checkRequest<N extends RequestName>(name: N, request: unknown): RequestOf<N> {
  const parsed = requests[name].request.safeParse(request);
  if (parsed.success) return parsed.data as RequestOf<N>;
  const { issues } = parsed.error;
  if (issues.some((issue) => isTooLarge(issue, request))) throw new SottoError("too-large");
  const [first] = issues;
  throw new SottoError("invalid-request", { detail: `Not as described: ${first ? placeOf(first) : "the request"}` });
}

function isTooLarge(issue: z.core.$ZodIssue, request: unknown): boolean {
  const maxBytes = sizedFields[String(issue.path[0])];
  const value = issue.path.reduce<unknown>((inside, key) => Reflect.get(Object(inside), key), request);
  return maxBytes !== undefined && typeof value === "string" && base64Length(value) > maxBytes;
}

/** Field names of the protocol only: unknown ones never reach an issue's path. */
function placeOf(issue: z.core.$ZodIssue): string {
  return issue.path.map(String).join(".") || "the request";
}
