import { callerOf, type Handler } from "../handler.ts";

/** `inbox:read` */
export const readInbox: Handler<"inbox:read"> = ({ actors }, session, request) =>
  actors.devices.readInbox(callerOf(session), request);
