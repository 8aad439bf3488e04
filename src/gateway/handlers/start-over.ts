import { answerChallenge, isProved } from "../admission.ts";
import type { Handler } from "../handler.ts";

/** `session:reset` */
export const startOver: Handler<"session:reset"> = (edge, session, request) =>
  answerChallenge(edge, session, () =>
    edge.actors.users.startOver(session.user, request, (deviceKey) =>
      isProved(session, request.device, deviceKey, request.signature),
    ),
  );
