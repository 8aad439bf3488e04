import { callerOf, type Handler } from "../handler.ts";

/** `conversation:list` */
export const listConversations: Handler<"conversation:list"> = ({ actors }, session, request) =>
  actors.reading.list(callerOf(session), request);
