import { callerOf, type Handler } from "../handler.ts";

/** `message:send` */
export const sendMessage: Handler<"message:send"> = ({ actors }, session, request) =>
  actors.conversations.send(callerOf(session), request);
