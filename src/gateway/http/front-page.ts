/** What a browser finds at `/`: one page, nothing loaded from anywhere, no script. */
import { createHash } from "node:crypto";

const style = `
:root { color-scheme: light dark; --ink: #1b1b1f; --soft: #5b5b66; --line: #d9d9e0; --paper: #fdfdfc; --code: #f2f2ee }
@media (prefers-color-scheme: dark) { :root { --ink: #ececf0; --soft: #a5a5b3; --line: #3a3a44; --paper: #17171b; --code: #222228 } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 17px/1.6 system-ui, sans-serif }
main { max-width: 40rem; margin: 0 auto; padding: 12vh 1.5rem 4rem }
h1 { font-size: 2.4rem; letter-spacing: -0.02em; margin: 0 }
p { margin: 0.6rem 0 } .soft, footer { color: var(--soft) }
pre { background: var(--code); border: 1px solid var(--line); border-radius: 8px; padding: 0.9rem 1.1rem; overflow-x: auto; font-size: 0.9rem }
h2 { font-size: 1rem; margin: 2.2rem 0 0.4rem } footer { border-top: 1px solid var(--line); margin-top: 3rem; padding-top: 1rem; font-size: 0.9rem }
a { color: inherit }
`;
const styleHash = createHash("sha256").update(style).digest("base64");

/** Sent with the page: nothing may run, load, frame it or be sent from it; its own style, known by its hash, applies. */
export const frontPagePolicy = `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** Where `sotto chat` looks by itself. */
const defaultHosts = ["localhost:3000", "127.0.0.1:3000"];

/** The option that leads to this node, where it is needed. Nothing of a Host header that could be more than a host. */
function urlOption(host: string | undefined): string {
  if (host === undefined || defaultHosts.includes(host) || !/^[a-z0-9.:[\]-]{1,253}$/i.test(host)) return "";
  const isLocal = /^(localhost|127\.0\.0\.1|\[::1\])(:|$)/i.test(host);
  return ` --url ${isLocal ? "http" : "https"}://${host}`;
}

/** `host`: as the browser dialled it. */
export function frontPage(page: { version: string; hasAccounts: boolean; host: string | undefined }): string {
  const { version, hasAccounts } = page;
  const chat = `npx sotto chat${urlOption(page.host)}`;
  const accounts = hasAccounts
    ? "People sign up here with a name and a password (<code>POST /v1/accounts</code>)."
    : "People sign in with the application that stands in front of this service.";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sotto</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>Sotto</h1>
<p>A messaging node is running here. It passes sealed messages from hand to hand and cannot read a word of them.</p>

<h2>Send the first message</h2>
<p>On the machine where this node runs, in its folder, in two terminals:</p>
<pre><code>${chat} --as alice --with bob
${chat} --as bob --with alice</code></pre>
<p class="soft">Type a line, press Enter. Close bob, write on: what alice sends waits, sealed, until bob is back.</p>

<h2>Build on it</h2>
<p>${accounts} Messages go over Socket.IO with the client in <code>sotto/client</code>. The whole interface, as data:
<a href="/openapi.json">openapi.json</a> (HTTP) and <a href="/asyncapi.json">asyncapi.json</a> (sockets).</p>
<footer>Sotto ${version}</footer>
</main>
</body>
</html>
`;
}
