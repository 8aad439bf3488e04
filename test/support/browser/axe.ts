import axe from "axe-core";
import { expect } from "chai";
import type { Page } from "playwright-core";

/** What axe finds wrong with what is on the screen, a line each. */
async function violations(page: Page): Promise<string[]> {
  // By the debugger's own way in: the policy of the page lets no script of others run.
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const { run } = (globalThis as unknown as { axe: typeof axe }).axe;
    return (await run(document, { resultTypes: ["violations"] })).violations;
  });
  return found.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(" | ")}`,
  );
}

export async function expectAccessible({ page }: { page: Page }): Promise<void> {
  expect(await violations(page)).to.deep.equal([]);
}
