/**
 * Settings of features that are not in this version. They are known and checked, and giving one stops the start: whoever
 * asks for a cluster must not get a single node in silence.
 */
import { choice, text, url } from "./setting.ts";

const http = ["http:", "https:"];
const anyText = { pattern: /^[^\0]{1,4096}$/, allowed: "1 to 4096 characters" };
const planned = true;

export const plannedSettings = {
  REDIS_URL: url({
    protocols: ["redis:", "rediss:"],
    allowed: "redis://user:password@host:6379",
    why: "Makes the node one of a cluster. Empty: embedded, one machine.",
    secret: true,
    planned,
  }),
  CLUSTER_ADAPTER: choice(["", "classic", "sharded", "streams"], {
    default: "",
    why: "How nodes of a cluster pass pushes on to each other.",
    planned,
  }),
  ADMIN_TOKEN: text({ ...anyText, why: "Opens /admin on the ops port.", secret: true, planned }),
  PUSH_WEBHOOK_URL: url({
    protocols: http,
    allowed: "an http or https URL",
    why: "Told, without content, that somebody who is away has a message.",
    planned,
  }),
  PUSH_WEBHOOK_SECRET: text({ ...anyText, why: "Signs what goes to PUSH_WEBHOOK_URL.", secret: true, planned }),
  VAPID_PUBLIC_KEY: text({ ...anyText, why: "Web Push: the public key.", planned }),
  VAPID_PRIVATE_KEY: text({ ...anyText, why: "Web Push: the private key.", secret: true, planned }),
  VAPID_SUBJECT: text({ ...anyText, why: "Web Push: whom a push service may write to (mailto: or https:).", planned }),
  BLOB_DIR: text({ ...anyText, why: "Folder for sealed attachments.", planned }),
  BLOB_S3_ENDPOINT: url({
    protocols: http,
    allowed: "an http or https URL",
    why: "S3-compatible store for sealed attachments.",
    planned,
  }),
  BLOB_S3_BUCKET: text({ ...anyText, why: "The bucket in it.", planned }),
  BLOB_S3_REGION: text({ ...anyText, why: "The region it is in.", planned }),
  BLOB_S3_ACCESS_KEY: text({ ...anyText, why: "The access key for it.", secret: true, planned }),
  BLOB_S3_SECRET_KEY: text({ ...anyText, why: "The secret key for it.", secret: true, planned }),
  OTEL_EXPORTER_OTLP_ENDPOINT: url({
    protocols: http,
    allowed: "an http or https URL",
    why: "Where traces go.",
    planned,
  }),
  OTEL_EXPORTER_OTLP_HEADERS: text({ ...anyText, why: "Headers for it, such as an API key.", secret: true, planned }),
  OTEL_SERVICE_NAME: text({ ...anyText, why: "This service's name in traces.", planned }),
};
