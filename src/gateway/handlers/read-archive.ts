import { callerOf, type Handler } from "../handler.ts";

/** `archive:read` */
export const readArchive: Handler<"archive:read"> = ({ actors }, session, request) =>
  actors.history.readKeys(callerOf(session), request);
