import { callerOf, type Handler } from "../handler.ts";

/** `keypackages:publish` */
export const publishKeyPackages: Handler<"keypackages:publish"> = ({ actors }, session, request) =>
  actors.keyPackages.publish(callerOf(session), request);
