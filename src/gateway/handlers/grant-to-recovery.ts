import { callerOf, type Handler } from "../handler.ts";

/** `recovery:grant` */
export const grantToRecovery: Handler<"recovery:grant"> = ({ actors }, session, request) =>
  actors.recovery.grant(callerOf(session), request);
