import { callerOf, type Handler } from "../handler.ts";

/** `devices:revoke` */
export const revokeDevice: Handler<"devices:revoke"> = ({ actors }, session, request) =>
  actors.users.revokeDevice(callerOf(session), request);
