import { callerOf, type Handler } from "../handler.ts";

/** `recovery:save` */
export const saveVault: Handler<"recovery:save"> = ({ actors }, session, request) =>
  actors.recovery.save(callerOf(session), request);
