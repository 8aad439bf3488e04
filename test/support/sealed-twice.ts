import type { MaliciousNode } from "./malicious-node.ts";

/** Where a user's device has sent more than one ciphertext: `epoch/number`. */
export function sealedTwice(node: MaliciousNode, user: string): string[] {
  const sealed = new Map<string, Set<string>>();
  for (const { conversation, epoch, number, payload } of node.requests("message:send", user)) {
    const place = `${conversation} ${epoch}/${number}`;
    sealed.set(place, (sealed.get(place) ?? new Set()).add(payload));
  }
  return [...sealed].filter(([, payloads]) => payloads.size > 1).map(([place]) => place.split(" ")[1]!);
}
