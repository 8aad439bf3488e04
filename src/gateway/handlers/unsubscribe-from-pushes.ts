import { callerOf, type Handler } from "../handler.ts";

/** `push:unsubscribe` */
export const unsubscribeFromPushes: Handler<"push:unsubscribe"> = ({ actors }, session) =>
  actors.pushSubscriptions.unsubscribe(callerOf(session));
