import { callerOf, type Handler } from "../handler.ts";

/** `push:key` */
export const readPushKey: Handler<"push:key"> = async ({ actors }, session) => {
  callerOf(session);
  return { publicKey: actors.pushSubscriptions.publicKey() };
};
