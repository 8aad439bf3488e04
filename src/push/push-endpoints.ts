/**
 * Whether a URL is one to send a push to. It is a client's word, and this service sends from inside of a network: without
 * this, whoever has an account could have it call any machine there.
 */

/** `hosts`: as `PUSH_ENDPOINT_HOSTS` has them: a host, `*.` and a domain for all below it, or a whole origin. */
export function acceptsEndpoint(endpoint: string, hosts: readonly string[]): boolean {
  if (!URL.canParse(endpoint)) return false;
  const url = new URL(endpoint);
  if (url.username !== "" || url.password !== "" || url.hash !== "") return false;
  const isAtService = url.protocol === "https:" && url.port === "";
  return hosts.some((entry) => {
    if (entry.includes("://")) return url.origin === entry;
    if (!isAtService) return false;
    return entry.startsWith("*.") ? url.hostname.endsWith(entry.slice(1)) : url.hostname === entry;
  });
}
