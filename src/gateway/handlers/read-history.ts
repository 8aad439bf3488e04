import { callerOf, type Handler } from "../handler.ts";

/** `history:read` */
export const readHistory: Handler<"history:read"> = ({ actors }, session, request) =>
  actors.history.read(callerOf(session), request);
