import { callerOf, type Handler } from "../handler.ts";

/** `devices:name` */
export const nameDevice: Handler<"devices:name"> = ({ actors }, session, request) =>
  actors.deviceNames.set(callerOf(session), request);
