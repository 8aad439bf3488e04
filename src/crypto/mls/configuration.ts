/**
 * The group engine over ts-mls, in small files by concept: this one has its fixed choices. Owns MLS states and every check
 * that the library lacks; never stores, never sends, never asks a clock whether a commit is valid. Invariants: commits are
 * PublicMessages, proposals are inline, functions return new states, secrets are zeroed by `release()` only.
 */
import type { AuthenticationService } from "ts-mls/authenticationService.js";
import type { Capabilities } from "ts-mls/capabilities.js";
import type { ClientConfig } from "ts-mls/clientConfig.js";
import { defaultKeyPackageEqualityConfig } from "ts-mls/keyPackageEqualityConfig.js";
import { decodeCredential, verifyCredential } from "../../identity/device-credential.ts";
import { groupPolicyExtension } from "../../identity/group-policy.ts";
import { lastResortExtension } from "../../identity/key-package-inspection.ts";
import { suiteNames } from "../provider.ts";

/** How far a message may run ahead, how many skipped keys are kept for each sender, how many past epochs are readable. */
export const retention = { forwardGenerations: 1000, skippedGenerations: 64, pastEpochs: 4 } as const;

export const capabilities: Capabilities = {
  versions: ["mls10"],
  ciphersuites: Object.values(suiteNames),
  extensions: [lastResortExtension, groupPolicyExtension],
  proposals: [],
  credentials: ["basic"],
};

const authService: AuthenticationService = {
  async validateCredential(credential, signaturePublicKey) {
    if (credential.credentialType !== "basic") return false;
    try {
      verifyCredential(decodeCredential(credential.identity), signaturePublicKey);
      return true;
    } catch {
      return false;
    }
  },
};

export const clientConfig: ClientConfig = {
  keyRetentionConfig: {
    retainKeysForGenerations: retention.skippedGenerations,
    retainKeysForEpochs: retention.pastEpochs,
    maximumForwardRatchetSteps: retention.forwardGenerations,
  },
  // A member whose clock is off must not fork the group: lifetimes are looked at before our own Add only.
  lifetimeConfig: { maximumTotalLifetime: 10368000n, validateLifetimeOnReceive: false },
  keyPackageEqualityConfig: defaultKeyPackageEqualityConfig,
  // Sealed messages have their own padding.
  paddingConfig: { kind: "alwaysPad", paddingLength: 0 },
  authService,
};
