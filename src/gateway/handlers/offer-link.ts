import { SottoError } from "../../protocol/errors.ts";
import { linkRoom } from "../../protocol/rooms.ts";
import type { Handler } from "../handler.ts";
import { closeSession, setSessionTimer } from "../session.ts";

/** `link:offer`. The socket waits in the room of its offer, for as long as the offer stands. */
export const offerLink: Handler<"link:offer"> = async (edge, session, request) => {
  const { channel } = request;
  if ((session.linkChannel ?? channel) !== channel) {
    throw new SottoError("invalid-request", { detail: "This socket waits under another code." });
  }
  session.linkChannel = channel;
  const { linking } = edge.actors;
  const { expiresAt } = await linking.offer(session.user, request);
  await session.socket.join(linkRoom(channel));
  if (session.state === "challenged") {
    setSessionTimer(session, expiresAt - Date.now(), () => closeSession(session, { code: "timeout" }));
  }
  // Answered before it was in the room: that push went to nobody.
  const sealed = await linking.findAnswer(session.user, channel);
  if (sealed !== undefined) session.socket.emit("link:completed", { sealed });
  return { expiresAt };
};
