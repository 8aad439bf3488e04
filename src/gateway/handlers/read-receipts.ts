import { callerOf, type Handler } from "../handler.ts";

/** `receipts:read` */
export const readReceipts: Handler<"receipts:read"> = ({ actors }, session, request) =>
  actors.reading.readReceipts(callerOf(session), request);
