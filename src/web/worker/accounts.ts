/** Accounts of the node that serves this client: a token for a name and a password. */
import { SottoError, type ErrorCode } from "../../client/index.ts";
import type { Credentials, Failure } from "../bridge/contract.ts";

/** Asks for a token, by making the account or by logging in to it. Errors: those of `docs/protocol.md`, `offline`, `aborted`. */
export async function tokenFor(
  path: "/v1/accounts" | "/v1/sessions",
  credentials: Credentials,
  signal?: AbortSignal,
): Promise<string> {
  const response = await ask(path, credentials, signal);
  const body = (await response.json().catch(() => ({}))) as { token?: string; error?: Partial<Failure> };
  if (response.ok && body.token !== undefined) return body.token;
  const { code, retryAfterMs, detail } = body.error ?? {};
  throw new SottoError(code ?? (unsaid(response.status) satisfies ErrorCode), {
    ...(detail !== undefined && { detail }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

/** A node without accounts says so to whatever is asked of them. One that cannot be asked may have them. */
export async function hasAccounts(): Promise<boolean> {
  try {
    const response = await fetch("/v1/sessions", { method: "POST" });
    const { error } = (await response.json()) as { error?: Partial<Failure> };
    return error?.code !== "accounts-disabled";
  } catch {
    return true;
  }
}

async function ask(path: string, { user, password }: Credentials, signal?: AbortSignal): Promise<Response> {
  try {
    return await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ user, password }),
      signal: signal ?? null,
    });
  } catch (cause) {
    throw new SottoError(signal?.aborted ? "aborted" : "offline", { cause });
  }
}

/** Of a proxy in front that answers in its own words. */
const unsaid = (status: number): ErrorCode => (status >= 500 ? "unavailable" : "internal");
