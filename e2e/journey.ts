import { expect, type Page } from "@playwright/test";
import { Dashboard } from "./dashboard.ts";
import { gcode, OctoPrintPage } from "./octoprint.ts";
import type { Rig } from "./rig.ts";
import { Watch } from "./watch.ts";

/**
 * The main job, from the printed link to a running print and back out: the printer's own page at
 * its own origin, with its own login, upload, live temperatures and camera.
 */
export async function journey(page: Page, rig: Rig, link?: (dashboard: Dashboard) => Promise<void>) {
  const { hub, printer, octoprint } = rig.facts;
  const watch = new Watch(page.context(), hub.url);
  const dashboard = new Dashboard(page, hub.url);

  await dashboard.setUp(hub.setup_link);
  await link?.(dashboard);
  await dashboard.visit("/printers");
  await dashboard.seeOnline(printer);

  const opened = await dashboard.open(printer);
  const ui = new OctoPrintPage(opened);
  await ui.signIn(octoprint.user, octoprint.password);
  expect(opened.url()).toMatch(/^https:\/\/[a-z2-7]{16}\.localhost:\d+\//);
  expect(await opened.evaluate(() => document.cookie)).not.toContain("layerlock");

  await ui.upload("cube.gcode", gcode());
  await ui.print("cube.gcode");
  await ui.seeTemperaturesMove();
  const before = await rig.framesForwarded();
  await ui.seeCameraMove();
  expect(await rig.framesForwarded(), "the agent carried the camera").toBeGreaterThan(before);
  const job = await rig.octoprint<{ state: string }>("/api/job");
  expect(job.state).toContain("Printing");

  await dashboard.signOut();
  await seeClosed(opened, rig);
  expect(watch.complaints).toEqual([]);
}

/** After signing out, the open page loses its WebSocket and camera, and a reload asks to sign in. */
async function seeClosed(opened: Page, rig: Rig): Promise<void> {
  await expect(opened.locator("#offline_overlay")).toBeVisible({ timeout: 30_000 });
  const status = () => opened.evaluate(() => fetch("/api/version").then((answer) => answer.status));
  expect(await status()).toBe(401);
  const framesInASecond = async () => {
    const before = await rig.framesForwarded();
    await opened.waitForTimeout(1_000);
    return (await rig.framesForwarded()) - before;
  };
  await expect.poll(framesInASecond, { message: "the camera's stream has ended" }).toBe(0);
  await opened.reload();
  await expect(opened.getByRole("heading", { level: 1, name: "Sign in" })).toBeVisible();
}
