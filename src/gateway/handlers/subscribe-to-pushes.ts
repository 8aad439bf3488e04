import { callerOf, type Handler } from "../handler.ts";

/** `push:subscribe` */
export const subscribeToPushes: Handler<"push:subscribe"> = ({ actors }, session, request) =>
  actors.pushSubscriptions.subscribe(callerOf(session), request);
