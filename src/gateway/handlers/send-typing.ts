import { callerOf, type Handler } from "../handler.ts";

/** Before presence waits (70 ms), and long before messages do. */
const busyMs = 45;

/** `typing:send`: a node that has other things to do passes none on. */
export const sendTyping: Handler<"typing:send"> = async ({ actors, pressure }, session, request) => {
  const caller = callerOf(session);
  return pressure.delayMs > busyMs ? {} : actors.typing.send(caller, request);
};
