import { callerOf, type Handler } from "../handler.ts";

/** `marks:put` */
export const putReadMark: Handler<"marks:put"> = ({ actors }, session, request) =>
  actors.readMarks.put(callerOf(session), request);
