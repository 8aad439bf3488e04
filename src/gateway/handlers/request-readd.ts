import { callerOf, type Handler } from "../handler.ts";

/** `readd:request` */
export const requestReadd: Handler<"readd:request"> = ({ actors }, session, request) =>
  actors.devices.requestReadd(callerOf(session), request);
