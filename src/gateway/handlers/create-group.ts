import { callerOf, type Handler } from "../handler.ts";

/** `conversation:create` */
export const createGroup: Handler<"conversation:create"> = ({ actors }, session, request) =>
  actors.reading.createGroup(callerOf(session), request);
