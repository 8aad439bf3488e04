/**
 * Settings of features that are not in this version. They are known and checked, and giving one stops the start: whoever
 * asks for it must not be left to think that it is on.
 */
import { text, url } from "./setting.ts";

const http = ["http:", "https:"];
const anyText = { pattern: /^[^\0]{1,4096}$/, allowed: "1 to 4096 characters" };
const planned = true;

export const plannedSettings = {
  OTEL_EXPORTER_OTLP_ENDPOINT: url({
    protocols: http,
    allowed: "an http or https URL",
    why: "Where traces go.",
    planned,
  }),
  OTEL_EXPORTER_OTLP_HEADERS: text({ ...anyText, why: "Headers for it, such as an API key.", secret: true, planned }),
  OTEL_SERVICE_NAME: text({ ...anyText, why: "This service's name in traces.", planned }),
};
