import { fileURLToPath } from "node:url";
import type { Page } from "@playwright/test";
import { Dashboard } from "../dashboard.ts";
import { withHubAndAgent as test } from "../fixtures.ts";
import { gcode, OctoPrintPage } from "../octoprint.ts";

// The pictures of the README. Made anew by `cargo xtask screenshots`, not by every run: each run
// would change them a little.
test.use({ viewport: { width: 1100, height: 700 } });

test("pictures for the README", async ({ page, rig }) => {
  const { hub, printer, octoprint } = rig.facts;
  const dashboard = new Dashboard(page, hub.url);
  await page.emulateMedia({ reducedMotion: "reduce" });
  await dashboard.setUp(hub.setup_link);
  await dashboard.offerLink(rig);
  await dashboard.pickWords(rig);
  await page.getByRole("heading", { level: 1 }).hover();
  await take(page, "link");
  await dashboard.approve();
  rig.run("agent", "run");
  await dashboard.visit("/printers");
  await dashboard.seeOnline(printer);
  await page.setViewportSize({ width: 1100, height: 400 });
  await take(page, "dashboard");

  const opened = await dashboard.open(printer);
  const ui = new OctoPrintPage(opened);
  await ui.signIn(octoprint.user, octoprint.password);
  await ui.upload("benchy.gcode", gcode());
  await ui.print("benchy.gcode");
  await ui.seeCameraMove();
  await take(opened, "octoprint");

  await page.setViewportSize({ width: 390, height: 400 });
  await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
  await take(page, "phone");
});

async function take(page: Page, name: string): Promise<void> {
  const path = fileURLToPath(new URL(`../../docs/pictures/${name}.png`, import.meta.url));
  await page.screenshot({ path });
}
