import { callerOf, type Handler } from "../handler.ts";

/** `recovery:read` */
export const readRecovery: Handler<"recovery:read"> = ({ actors }, session) => actors.recovery.read(callerOf(session));
