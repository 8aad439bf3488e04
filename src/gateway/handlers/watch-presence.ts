import { SottoError } from "../../protocol/errors.ts";
import { callerOf, type Handler } from "../handler.ts";

/** `presence:watch`. Watched first and read second, so that no change falls between. */
export const watchPresence: Handler<"presence:watch"> = async ({ actors, presence, watching }, session, { users }) => {
  await actors.users.requireContacts(callerOf(session), users);
  // It may have left meanwhile: then nobody would end its watch.
  callerOf(session);
  watching.watch(session, users);
  try {
    const statuses = await presence.statusOf(users);
    watching.learn(statuses);
    const blocks = await actors.blocks.of(users);
    return { users: watching.shownTo(session, statuses, blocks) };
  } catch (cause) {
    throw new SottoError("unavailable", { detail: "Nobody knows who is online just now.", cause });
  }
};
