import { answerChallenge, isProved } from "../admission.ts";
import type { Handler } from "../handler.ts";

/** `session:register` */
export const registerDevice: Handler<"session:register"> = (edge, session, request) =>
  answerChallenge(edge, session, () =>
    edge.actors.users.registerFirstDevice(session.user, request, (deviceKey) =>
      isProved(session, request.device, deviceKey, request.signature),
    ),
  );
