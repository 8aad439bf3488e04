import { expect } from "chai";
import { SottoError } from "../../src/protocol/errors.ts";
import type { ErrorCode } from "../../src/protocol/errors.ts";

/** The SottoError that `attempt` ends with; fails when it succeeds, or ends with another code or another kind of error. */
export async function refusal(attempt: Promise<unknown> | (() => unknown), code: ErrorCode): Promise<SottoError> {
  try {
    await (typeof attempt === "function" ? attempt() : attempt);
  } catch (error) {
    expect(error).to.be.instanceOf(SottoError);
    expect((error as SottoError).code).to.equal(code);
    return error as SottoError;
  }
  throw new Error(`expected a refusal with ${code}, but it succeeded`);
}

/** As `refusal` for `commit-invalid`, and the rule that was broken is `rule`: no other check happened to catch it. */
export async function brokenRule(attempt: Promise<unknown>, rule: string): Promise<void> {
  const error = await refusal(attempt, "commit-invalid");
  const inner = error.cause instanceof Error ? error.cause.message : "";
  expect(`${error.message} | ${inner}`).to.include(rule);
}
