import { Caller } from "../bridge/caller.ts";

/** The one way from the page to the SDK. */
export const bridge = new Caller(new Worker(new URL("../worker/main.ts", import.meta.url), { type: "module" }));
