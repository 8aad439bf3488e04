import { callerOf, type Handler } from "../handler.ts";

/** `archive:grant` */
export const grantArchiveKeys: Handler<"archive:grant"> = ({ actors }, session, request) =>
  actors.history.grantKeys(callerOf(session), request);
