// Looks for files, exports and dependencies that nobody uses. knip 5 reads programs through the compiler's old programming
// interface, which TypeScript 7 does not have: it gets TypeScript 5, and nothing else does.
import { register } from "node:module";

const redirect = `export const resolve = (specifier, context, next) =>
  next(specifier === "typescript" ? "typescript-for-knip" : specifier, context);`;
register(`data:text/javascript,${encodeURIComponent(redirect)}`, import.meta.url);
await import("../node_modules/knip/dist/cli.js");
