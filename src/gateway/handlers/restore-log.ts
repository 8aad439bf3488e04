import { callerOf, type Handler } from "../handler.ts";

/** `log:restore` */
export const restoreLog: Handler<"log:restore"> = ({ actors }, session, request) =>
  actors.conversations.restore(callerOf(session), request);
