import { callerOf, type Handler } from "../handler.ts";

/** `marks:read` */
export const readOwnMark: Handler<"marks:read"> = ({ actors }, session, request) =>
  actors.readMarks.read(callerOf(session), request);
