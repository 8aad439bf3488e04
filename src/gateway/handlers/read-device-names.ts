import { callerOf, type Handler } from "../handler.ts";

/** `devices:names` */
export const readDeviceNames: Handler<"devices:names"> = ({ actors }, session) =>
  actors.deviceNames.read(callerOf(session));
