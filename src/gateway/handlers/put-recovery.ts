import { callerOf, type Handler } from "../handler.ts";

/** `recovery:put` */
export const putRecovery: Handler<"recovery:put"> = ({ actors }, session, request) =>
  actors.recovery.put(callerOf(session), request);
