import { expect } from "chai";
import type { Locator, Page } from "playwright-core";
import { eventually } from "../eventually.ts";

/** More than there is on any screen. */
const stopsAtMost = 60;

/** Somebody who has keys alone, and looks where the focus is: it must be seen at each place that it comes to. */
export class Keyboard {
  private readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** Tab, until it is there. `back`: by Shift+Tab. */
  async tabTo(target: Locator, { back = false } = {}): Promise<void> {
    await target.waitFor();
    for (let stop = 0; !(await isFocused(target)); stop++) {
      if (stop === stopsAtMost) throw new Error(`Tab does not lead to ${target.toString()}`);
      await this.page.keyboard.press(back ? "Shift+Tab" : "Tab");
      await this.seesFocus();
    }
    await this.seesFocus();
  }

  async activate(target: Locator, way = {}): Promise<void> {
    await this.tabTo(target, way);
    await this.press("Enter");
  }

  /** Instead of what is in it. */
  async fill(field: Locator, text: string): Promise<void> {
    await this.tabTo(field);
    await this.press("Control+a");
    await this.type(text);
  }

  async press(...keys: string[]): Promise<void> {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  async type(text: string): Promise<void> {
    await this.page.keyboard.type(text);
  }

  /** The focus comes there without anybody's doing. */
  async finds(target: Locator): Promise<void> {
    await target.waitFor();
    await eventually(async () => expect(await isFocused(target), await this.whereItIs()).to.equal(true), 10_000);
    await this.seesFocus();
  }

  /** The focus is somewhere, and where it is can be seen. At the end of a page it leaves it. */
  async seesFocus(): Promise<void> {
    const fault = await this.page.evaluate(() => {
      const focused = document.activeElement;
      if (!focused || focused === document.body) return undefined;
      const around = [focused, focused.parentElement, focused.parentElement?.parentElement].filter(
        (one) => one != null,
      );
      const isMarked = around.some((one) => {
        const { outlineStyle, outlineWidth } = getComputedStyle(one);
        return outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 1;
      });
      const { top, bottom, left, right } = focused.getBoundingClientRect();
      const isInSight =
        right > left && bottom > top && bottom > 0 && right > 0 && top < innerHeight && left < innerWidth;
      const isOpaque = focused.checkVisibility({ opacityProperty: true, visibilityProperty: true });
      return isMarked && isInSight && isOpaque
        ? undefined
        : `${focused.outerHTML.slice(0, 200)}: ${JSON.stringify({ isMarked, isInSight, isOpaque })}`;
    });
    if (fault !== undefined) throw new Error(`the focus is not seen on ${fault}`);
  }

  private whereItIs(): Promise<string> {
    return this.page.evaluate(() => `the focus is on ${document.activeElement?.outerHTML.slice(0, 200)}`);
  }
}

const isFocused = (target: Locator): Promise<boolean> =>
  target.evaluateAll((all) => all.some((one) => one === document.activeElement));
