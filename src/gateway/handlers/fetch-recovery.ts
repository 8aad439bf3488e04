import type { Handler } from "../handler.ts";

/** `recovery:fetch`. The token's word is enough for it: what is fetched is sealed, and of that user alone. */
export const fetchRecovery: Handler<"recovery:fetch"> = ({ actors }, session) =>
  actors.recovery.fetch(session.user, session.state === "admitted");
