import { callerOf, type Handler } from "../handler.ts";

/** `message:ack` */
export const ackMessages: Handler<"message:ack"> = ({ actors }, session, request) =>
  actors.devices.ack(callerOf(session), request);
