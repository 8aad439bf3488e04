import { callerOf, type Handler } from "../handler.ts";

/** `conversation:commit` */
export const commitToConversation: Handler<"conversation:commit"> = ({ actors }, session, request) =>
  actors.conversations.commit(callerOf(session), request);
