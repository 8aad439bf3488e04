/** How people who are away are told that something waits for them. */
import { integer, text, url } from "./setting.ts";

export const pushSettings = {
  PUSH_WEBHOOK_URL: url({
    protocols: ["http:", "https:"],
    allowed: "an http or https URL",
    why: "Told, without content, that somebody who is away has a message. Empty: nobody is.",
  }),
  PUSH_WEBHOOK_SECRET: text({
    pattern: /^[^\0]{16,4096}$/,
    allowed: "at least 16 characters",
    why: "Signs what goes to PUSH_WEBHOOK_URL, so that its receiver knows who calls (docs/operations.md).",
    secret: true,
  }),
  PUSH_DELAY_SECONDS: integer({
    unit: "seconds",
    default: 5,
    min: 0,
    max: 3600,
    why: "How long a message waits for its recipient to come by before the first push.",
  }),
  PUSH_QUIET_SECONDS: integer({
    unit: "seconds",
    default: 30,
    min: 0,
    max: 86_400,
    why: "Between two pushes to one user, however many messages come.",
  }),
  PUSH_RETRY_SECONDS: integer({
    unit: "seconds",
    default: 60,
    min: 1,
    max: 86_400,
    why: "From a push to the next one for the same messages; each time twice as long, a tenth more or less.",
  }),
  PUSH_RETRY_LONGEST_HOURS: integer({
    unit: "hours",
    default: 24,
    min: 1,
    max: 720,
    why: "The longest time between two pushes while messages wait.",
  }),
};
