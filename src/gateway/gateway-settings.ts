/** What an operator may set of the edge. Sizes in bytes, times in milliseconds. */
export interface GatewaySettings {
  /** Hosts (`host[:port]`) that a device's proof may name. Empty: the Host of the handshake. */
  publicHosts: readonly string[];
  /** Origins of web pages that may connect, or `*`. The node's own origin always may. */
  corsOrigins: readonly string[];
  /** Proxies in front that add to X-Forwarded-For. */
  trustedProxies: number;
  maxSockets: number;
  /** Told to clients: the largest sealed message that is taken, and how long history is kept. */
  messageBytes: number;
  historyRetentionDays: number;
  /** How long an unanswered challenge keeps a socket open. Default: `limits.challengeTimeoutMs`. */
  challengeTimeoutMs?: number;
  /** Malformed requests of a socket in a minute, before it is closed. Default 20. */
  malformedPerMinute?: number;
}
