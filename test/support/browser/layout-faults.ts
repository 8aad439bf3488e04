import { expect } from "chai";
import type { Page } from "playwright-core";

/** What sticks out of the window, is cut off, or lies over something else that one could press, a line each. */
async function layoutFaults(page: Page): Promise<string[]> {
  // What the compiler of the tests puts around functions with a name.
  await page.evaluate("globalThis.__name = (named) => named");
  return page.evaluate(() => {
    const place = document.querySelector("dialog[open]") ?? document.body;
    const seen = [
      ...place.querySelectorAll<HTMLElement>("button, a, input, textarea, select, h1, h2, h3, p, li, output"),
    ].filter(
      (one) =>
        one.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
        !one.closest(".visually-hidden") &&
        one.getBoundingClientRect().width > 1,
    );
    const said = (one: Element): string => one.outerHTML.replace(/<svg.*?<\/svg>/g, "").slice(0, 120);
    const faults: string[] = [];
    for (const one of [
      document.documentElement,
      place,
      ...place.querySelectorAll(".log, .sidebar, .details, .dialog-body"),
    ]) {
      if (one.scrollWidth > one.clientWidth + 1) faults.push(`scrolls sideways: ${said(one)}`);
    }
    for (const one of seen) {
      const { left, right } = one.getBoundingClientRect();
      if (left < -1 || right > innerWidth + 1) faults.push(`is out of the window, ${left} to ${right}: ${said(one)}`);
      const { overflowX, textOverflow } = getComputedStyle(one);
      const isCut = one.scrollWidth > one.clientWidth + 1 && overflowX === "hidden" && textOverflow !== "ellipsis";
      if (isCut) faults.push(`is cut off: ${said(one)}`);
    }
    // What floats over the log on purpose.
    const pressed = seen.filter((one) => one.matches("button, a, input, textarea, select") && !one.matches(".jump"));
    for (const [index, one] of pressed.entries()) {
      const at = one.getBoundingClientRect();
      for (const other of pressed.slice(index + 1)) {
        if (one.contains(other) || other.contains(one)) continue;
        const there = other.getBoundingClientRect();
        const width = Math.min(at.right, there.right) - Math.max(at.left, there.left);
        const height = Math.min(at.bottom, there.bottom) - Math.max(at.top, there.top);
        const areSeen = [one, other].every((each) => isOnTop(each));
        if (width > 2 && height > 2 && areSeen) faults.push(`overlap: ${said(one)} and ${said(other)}`);
      }
    }
    function isOnTop(one: Element): boolean {
      const { left, top, width, height } = one.getBoundingClientRect();
      const hit = document.elementFromPoint(left + width / 2, top + height / 2);
      return hit !== null && (one.contains(hit) || hit.contains(one));
    }
    return faults;
  });
}

export async function expectInPlace({ page }: { page: Page }): Promise<void> {
  expect(await layoutFaults(page)).to.deep.equal([]);
}
