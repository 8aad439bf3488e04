import type { Caller } from "../actors/caller.ts";
import { SottoError } from "../protocol/errors.ts";
import type { ReplyOf, RequestName, RequestOf } from "../protocol/requests.ts";
import type { Edge } from "./edge.ts";
import type { Session } from "./session.ts";

/** Answers one kind of request, already checked for its shape. Throws SottoError for what is refused. */
export type Handler<N extends RequestName> = (
  edge: Edge,
  session: Session,
  request: RequestOf<N>,
) => Promise<ReplyOf<N>>;

/** The device that this socket has proved to be. Throws `unauthenticated`. */
export function callerOf(session: Session): Caller {
  if (!session.caller || session.state !== "admitted") throw new SottoError("unauthenticated");
  return session.caller;
}
