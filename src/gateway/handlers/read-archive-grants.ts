import { callerOf, type Handler } from "../handler.ts";

/** `archive:granted` */
export const readArchiveGrants: Handler<"archive:granted"> = ({ actors }, session) =>
  actors.history.readGrants(callerOf(session));
