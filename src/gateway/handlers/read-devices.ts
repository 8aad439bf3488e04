import { callerOf, type Handler } from "../handler.ts";

/** `devices:read` */
export const readDevices: Handler<"devices:read"> = ({ actors }, session, request) =>
  actors.users.readDeviceLists(callerOf(session), request);
