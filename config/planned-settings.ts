/**
 * Settings of features that are not in this version. They are known and checked, and giving one stops the start: whoever
 * asks for it must not be left to think that it is on.
 */
import { text, url } from "./setting.ts";

const http = ["http:", "https:"];
const anyText = { pattern: /^[^\0]{1,4096}$/, allowed: "1 to 4096 characters" };
const planned = true;

export const plannedSettings = {
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
