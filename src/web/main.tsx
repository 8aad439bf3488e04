/**
 * The page: views over signals that the worker's events feed. Imports nothing of the SDK but types: keys, and all that uses them, are in the
 * worker (`worker/main.ts`).
 */
import { render } from "preact";
import { followAddress } from "./state/conversations.ts";
import { run } from "./state/notices.ts";
import { start, takeTokenFromAddress } from "./state/session.ts";
import { App } from "./views/app.tsx";

addEventListener("popstate", () => {
  run(takeTokenFromAddress());
  followAddress();
});
run(start());
followAddress();
render(<App />, document.getElementById("app")!);
