import { callerOf, type Handler } from "../handler.ts";

/** `keypackages:claim` */
export const claimKeyPackages: Handler<"keypackages:claim"> = ({ actors }, session, request) =>
  actors.keyPackages.claim(callerOf(session), request);
