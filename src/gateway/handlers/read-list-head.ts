import type { Handler } from "../handler.ts";

/** `devices:head`. The token's word is enough for it: of that user alone, and no more than a reset has to name. */
export const readListHead: Handler<"devices:head"> = ({ actors }, session) => actors.users.readListHead(session.user);
