import { callerOf, type Handler } from "../handler.ts";

/** `history:share` */
export const shareHistory: Handler<"history:share"> = ({ actors }, session, request) =>
  actors.historySharing.share(callerOf(session), request);
