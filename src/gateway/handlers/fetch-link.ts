import { callerOf, type Handler } from "../handler.ts";

/** `link:fetch` */
export const fetchLink: Handler<"link:fetch"> = ({ actors }, session, request) =>
  actors.linking.fetch(callerOf(session), request);
