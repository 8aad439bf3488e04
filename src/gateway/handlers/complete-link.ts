import { callerOf, type Handler } from "../handler.ts";

/** `link:complete` */
export const completeLink: Handler<"link:complete"> = ({ actors }, session, request) =>
  actors.linking.complete(callerOf(session), request);
