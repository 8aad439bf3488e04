import { callerOf, type Handler } from "../handler.ts";

/** `blocks:set` */
export const setBlock: Handler<"blocks:set"> = async ({ actors, watching }, session, request) => {
  const caller = callerOf(session);
  const reply = await actors.blocks.set(caller, request);
  watching.blocksChanged(caller.user);
  return reply;
};
