import { answerChallenge, isProved } from "../admission.ts";
import type { Handler } from "../handler.ts";

/** `session:restore` */
export const restoreDevice: Handler<"session:restore"> = (edge, session, request) =>
  answerChallenge(edge, session, () =>
    edge.actors.users.restoreDevice(session.user, request, (deviceKey) =>
      isProved(session, request.device, deviceKey, request.signature),
    ),
  );
