import { callerOf, type Handler } from "../handler.ts";

/** `conversation:leave` */
export const leaveConversation: Handler<"conversation:leave"> = ({ actors }, session, request) =>
  actors.conversations.leave(callerOf(session), request);
