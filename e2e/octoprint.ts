import { expect, type Locator, type Page } from "@playwright/test";

/** OctoPrint's own page, wherever it is shown. */
export class OctoPrintPage {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  async signIn(user: string, password: string): Promise<void> {
    await this.page.locator("#login-user").fill(user);
    await this.page.locator("#login-password").fill(password);
    await this.page.locator("#login-button").click();
    await expect(this.page.locator("#temp_link")).toBeVisible({ timeout: 60_000 });
    await expect(this.page.locator("#state")).toContainText("Operational");
  }

  async upload(name: string, gcode: string): Promise<void> {
    const file = { name, mimeType: "text/x.gcode", buffer: Buffer.from(gcode) };
    await this.page.locator("#gcode_upload").setInputFiles(file);
    await expect(this.entry(name)).toBeVisible();
  }

  async print(name: string): Promise<void> {
    await this.entry(name).getByTitle("Load and Print").click();
    await expect(this.page.locator("#state")).toContainText("Printing");
  }

  /** Waits until the shown temperature of the nozzle has changed twice. */
  async seeTemperaturesMove(): Promise<void> {
    await this.page.locator("#temp_link a").click();
    const shown = this.page.locator("#temp td.temperature_actual").first();
    for (let change = 0; change < 2; change++) {
      const before = await shown.textContent();
      expect(before).toMatch(/\d/);
      await expect(shown).not.toHaveText(before ?? "", { timeout: 20_000 });
    }
  }

  /** Waits until two pictures of the camera differ. */
  async seeCameraMove(): Promise<void> {
    await this.page.locator("#control_link a").click();
    const camera = this.page.locator("#webcam_image");
    await expect(camera).toBeVisible();
    const width = () => camera.evaluate((image: HTMLImageElement) => image.naturalWidth);
    await expect.poll(width).toBeGreaterThan(0);
    const before = await camera.screenshot();
    await expect.poll(async () => before.equals(await camera.screenshot())).toBe(false);
  }

  private entry(name: string): Locator {
    return this.page.locator(".gcode_files .entry").filter({ hasText: name });
  }
}

/** A print of about a minute that warms the nozzle up. */
export function gcode(): string {
  const moves = Array.from({ length: 3000 }, (_, number) => `G1 X${10 + (number % 100)} Y${10 + (number % 50)}`);
  return ["M104 S120", "G28", ...moves, "M104 S0", ""].join("\n");
}
