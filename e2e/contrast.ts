import type { Page } from "@playwright/test";

/**
 * Texts that stand out less from what is behind them than WCAG AA asks for: 4.5 to 1, or 3 to 1
 * for large ones.
 */
export function faintTexts(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    if (!canvas) throw new Error("no canvas");

    function channels(color: string): number[] {
      canvas!.clearRect(0, 0, 1, 1);
      canvas!.fillStyle = color;
      canvas!.fillRect(0, 0, 1, 1);
      return [...canvas!.getImageData(0, 0, 1, 1).data];
    }
    function luminance(color: string): number {
      const [red = 0, green = 0, blue = 0] = channels(color).map((byte) => {
        const part = byte / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    }
    function behind(element: Element | null): string {
      if (!element) return "white";
      const color = getComputedStyle(element).backgroundColor;
      return channels(color)[3] === 255 ? color : behind(element.parentElement);
    }
    function isShown(element: Element): boolean {
      const { width, height } = element.getBoundingClientRect();
      return width > 1 && height > 1 && element.checkVisibility({ visibilityProperty: true });
    }
    function ownText(element: Element): string {
      const texts = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE);
      return texts.map((node) => node.textContent?.trim()).join("");
    }
    function isFaint(element: Element): boolean {
      const style = getComputedStyle(element);
      const [dark = 0, light = 0] = [luminance(style.color), luminance(behind(element))].sort((a, b) => a - b);
      const needed = parseFloat(style.fontSize) >= 24 ? 3 : 4.5;
      return (light + 0.05) / (dark + 0.05) < needed;
    }
    return [...document.body.querySelectorAll("*")]
      .filter((element) => ownText(element) && isShown(element) && isFaint(element))
      .map((element) => `${element.tagName} ${ownText(element)}`);
  });
}
