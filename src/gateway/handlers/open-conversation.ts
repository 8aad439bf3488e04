import { callerOf, type Handler } from "../handler.ts";

/** `conversation:open` */
export const openConversation: Handler<"conversation:open"> = ({ actors }, session, request) =>
  actors.reading.openDirect(callerOf(session), request);
