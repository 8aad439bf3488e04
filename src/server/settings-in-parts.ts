/** The settings, in the terms of the parts that they are for. */
import type { Settings } from "../../config/settings.ts";
import type { BlobSettings } from "../actors/blob-keeping.ts";
import type { Rates } from "../cluster/memory-rate-limiter.ts";
import type { GatewaySettings } from "../gateway/gateway-settings.ts";

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

export const undeliveredTtlMs = (settings: Settings): number => settings.UNDELIVERED_TTL_DAYS * day;

export function rates(settings: Settings): Rates {
  return {
    handshake: { amount: settings.RATE_HANDSHAKES_PER_MINUTE, periodMs: minute },
    request: { amount: settings.RATE_REQUESTS_PER_SECOND, periodMs: second },
    message: { amount: settings.RATE_MESSAGES_PER_SECOND, periodMs: second },
    typing: { amount: settings.RATE_TYPING_PER_MINUTE, periodMs: minute },
    claim: { amount: settings.RATE_CLAIMS_PER_MINUTE, periodMs: minute },
    claimed: { amount: settings.RATE_CLAIMED_PER_MINUTE, periodMs: minute },
    conversation: { amount: settings.RATE_CONVERSATIONS_PER_HOUR, periodMs: hour },
    readd: { amount: settings.RATE_READDS_PER_HOUR, periodMs: hour },
    reset: { amount: settings.RATE_RESETS_PER_DAY, periodMs: day },
    recovery: { amount: settings.RATE_RECOVERIES_PER_DAY, periodMs: day },
    vault: { amount: settings.RATE_VAULT_WRITES_PER_HOUR, periodMs: hour },
    blob: { amount: settings.RATE_BLOBS_PER_MINUTE, periodMs: minute },
    "blob-request": { amount: settings.RATE_BLOB_REQUESTS_PER_SECOND, periodMs: second },
    "sign-in": { amount: settings.RATE_SIGN_INS_PER_MINUTE, periodMs: minute },
    "sign-up": { amount: settings.RATE_SIGN_UPS_PER_HOUR, periodMs: hour },
  };
}

export function gatewaySettings(settings: Settings): GatewaySettings {
  return {
    publicHosts: settings.PUBLIC_HOSTS,
    corsOrigins: settings.CORS_ORIGINS,
    trustedProxies: settings.TRUSTED_PROXIES,
    maxSockets: settings.MAX_SOCKETS,
    messageBytes: settings.MAX_MESSAGE_BYTES,
    historyRetentionDays: settings.HISTORY_RETENTION_DAYS,
  };
}

export function blobBounds(settings: Settings): BlobSettings {
  return { maxBlobBytes: settings.MAX_BLOB_BYTES, quotaBytes: settings.BLOB_QUOTA_BYTES };
}
