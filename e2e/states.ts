import { expect, type Locator, type Page } from "@playwright/test";
import { faintTexts } from "./contrast.ts";

/** The widths at which pages are looked at, in CSS pixels: a desk and a phone. */
const WIDTHS = [1100, 380];

/**
 * Looks at the page as it is now, in light and dark and at each width: nothing is too faint and
 * nothing scrolls sideways. With LAYERLOCK_PICTURES set to a folder, pictures are left there.
 */
export async function inEveryLight(page: Page, name: string): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 740 });
      expect(await faintTexts(page), `${name}: too faint in ${colorScheme}`).toEqual([]);
      expect(await overflow(page), `${name} scrolls sideways at ${width}`).toBe(0);
      const folder = process.env.LAYERLOCK_PICTURES;
      if (folder) await page.screenshot({ path: `${folder}/${name}-${colorScheme}-${width}.png`, fullPage: true });
    }
  }
  await page.setViewportSize({ width: WIDTHS[0] ?? 1100, height: 740 });
}

/** How many pixels of the page don't fit its width. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth - clientWidth;
  });
}

/** Presses Tab until what has the focus carries this text, or is this. */
export async function tabTo(page: Page, wanted: string | Locator): Promise<void> {
  for (let presses = 0; presses < 30; presses++) {
    await page.keyboard.press("Tab");
    if (typeof wanted !== "string") {
      if (await wanted.evaluate((element) => element === document.activeElement)) return;
      continue;
    }
    const focused = await page.evaluate(() => document.activeElement?.textContent);
    if (focused?.trim() === wanted) return;
  }
  throw new Error(`30 times Tab did not lead to ${wanted}`);
}
