import type { ClientState } from "ts-mls/clientState.js";
import { allSecretTreeValues } from "ts-mls/secretTree.js";

/** A function that zeroes these secrets; a second call does nothing more. */
export function releaseOf(secrets: readonly Uint8Array[]): () => void {
  return () => {
    for (const secret of secrets) secret.fill(0);
  };
}

/**
 * The secrets that a state has and the one after the commit does not: the evicted epoch's (the library leaves them),
 * replaced private keys, and the parts of the key schedule that past epochs do not need. The caller zeroes them on adoption.
 */
export function secretsLeftBehind(before: ClientState, after: ClientState): Uint8Array[] {
  const kept = new Set(Object.values(after.privatePath.privateKeys));
  const replaced = Object.values(before.privatePath.privateKeys).filter((key) => !kept.has(key));
  const { initSecret, exporterSecret, externalSecret, confirmationKey, membershipKey, epochAuthenticator } =
    before.keySchedule;
  const evicted = [...before.historicalReceiverData]
    .filter(([epoch]) => !after.historicalReceiverData.has(epoch))
    .flatMap(([, past]) => [...allSecretTreeValues(past.secretTree), past.senderDataSecret, past.resumptionPsk]);
  return [
    ...replaced,
    initSecret,
    exporterSecret,
    externalSecret,
    confirmationKey,
    membershipKey,
    epochAuthenticator,
    ...evicted.filter((secret) => secret !== undefined),
  ];
}
