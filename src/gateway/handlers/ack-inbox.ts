import { callerOf, type Handler } from "../handler.ts";

/** `inbox:ack` */
export const ackInbox: Handler<"inbox:ack"> = ({ actors }, session, request) =>
  actors.devices.ackInbox(callerOf(session), request);
