/**
 * The page: views over signals that the worker's events feed. Imports nothing of the SDK but types: keys, and all that uses them, are in the
 * worker (`worker/main.ts`).
 */
import { render } from "preact";
import { followAddress } from "./state/conversations.ts";
import { run } from "./state/notices.ts";
import { start, takeTokenFromAddress } from "./state/session.ts";
import { App } from "./views/app.tsx";
import { keepFocus } from "./views/parts/keep-focus.ts";

addEventListener("popstate", () => {
  run(takeTokenFromAddress());
  followAddress();
});
run(start());
followAddress();
const root = document.getElementById("app")!;
keepFocus(root);
render(<App />, root);
