import { callerOf, type Handler } from "../handler.ts";

/** `privacy:read` */
export const readPrivacy: Handler<"privacy:read"> = ({ actors }, session) =>
  actors.readMarks.readPrivacy(callerOf(session));
