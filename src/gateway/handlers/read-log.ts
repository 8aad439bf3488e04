import { callerOf, type Handler } from "../handler.ts";

/** `log:read` */
export const readLog: Handler<"log:read"> = ({ actors }, session, request) =>
  actors.reading.readLog(callerOf(session), request);
