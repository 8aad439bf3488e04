/** Refusals over HTTP: the codes of the catalogue, as JSON, with the status that fits. */
import { randomUUID } from "node:crypto";
import type { Context } from "hono";
import { SottoError, type ErrorCode } from "../../protocol/errors.ts";
import type { Telemetry } from "../../actors/ports/silent-telemetry.ts";

type RefusalStatus = 400 | 401 | 403 | 404 | 405 | 408 | 409 | 413 | 415 | 416 | 429 | 500 | 503 | 507;

const statusOf: Partial<Record<ErrorCode, RefusalStatus>> = {
  "token-missing": 401,
  "token-invalid": 401,
  "token-expired": 401,
  "credentials-invalid": 401,
  forbidden: 403,
  "device-unknown": 403,
  "attachments-disabled": 403,
  "blob-unknown": 404,
  timeout: 408,
  "upload-conflict": 409,
  "quota-exceeded": 507,
  "accounts-disabled": 403,
  "unknown-request": 404,
  "account-exists": 409,
  "too-large": 413,
  "rate-limited": 429,
  internal: 500,
  overloaded: 503,
  unavailable: 503,
  draining: 503,
};

/** Answers with a refusal. `status` where the code alone does not say it. */
export function refuse(context: Context, error: SottoError, status: RefusalStatus = statusOf[error.code] ?? 400) {
  if (error.retryAfterMs !== undefined) context.header("Retry-After", String(Math.ceil(error.retryAfterMs / 1000)));
  return context.json({ ok: false, error: error.toWire() }, status);
}

/** What a thrown error is answered with: a refusal as it is, anything else as `internal` with an id that the log has too. */
export function refuseThrown(context: Context, error: unknown, telemetry: Telemetry) {
  if (error instanceof SottoError && error.code !== "internal") return refuse(context, error);
  const errorId = randomUUID();
  telemetry.log.error("http.failed", { errorId, error, method: context.req.method });
  return refuse(
    context,
    new SottoError("internal", { detail: `A fault in the node; its log names it by ${errorId}.` }),
  );
}
