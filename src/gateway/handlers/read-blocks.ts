import { callerOf, type Handler } from "../handler.ts";

/** `blocks:read` */
export const readBlocks: Handler<"blocks:read"> = ({ actors }, session) => actors.blocks.read(callerOf(session));
