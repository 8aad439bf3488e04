import { callerOf, type Handler } from "../handler.ts";

/** `archive:put` */
export const putArchive: Handler<"archive:put"> = ({ actors }, session, request) =>
  actors.history.putKeys(callerOf(session), request);
