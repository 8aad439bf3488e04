import { callerOf, type Handler } from "../handler.ts";

/** `privacy:set` */
export const setPrivacy: Handler<"privacy:set"> = ({ actors }, session, request) =>
  actors.readMarks.setPrivacy(callerOf(session), request);
