import { expect } from "@playwright/test";
import { faintTexts } from "../contrast.ts";
import { Dashboard, PERSON } from "../dashboard.ts";
import { withHubAndAgent as test } from "../fixtures.ts";
import { overflow, tabTo } from "../states.ts";
import { Watch } from "../watch.ts";

const PAGES = ["/printers", "/agents", "/link", "/exposure", "/account"];

// covers: SV-2, AC-12
test("a hub without agents says what to do next, on every page and in every light", async ({ page, rig }) => {
  const { hub } = rig.facts;
  const watch = new Watch(page.context(), hub.url);
  const dashboard = new Dashboard(page, hub.url);
  await dashboard.setUp(hub.setup_link);
  await expect(page.getByRole("heading", { name: "No printers yet" })).toBeVisible();

  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    expect(await faintTexts(page), `too faint in ${colorScheme}`).toEqual([]);
  }
  await page.setViewportSize({ width: 360, height: 740 });
  for (const path of PAGES) {
    await dashboard.visit(path);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    expect(await overflow(page), `${path} scrolls sideways`).toBe(0);
  }

  await page.goto(hub.setup_link);
  await expect(dashboard.heading("Setup is finished")).toBeVisible();
  expect(watch.complaints).toEqual([]);
});

test("everything can be reached with the keyboard", async ({ page, rig }) => {
  const { hub } = rig.facts;
  const dashboard = new Dashboard(page, hub.url);
  await page.goto(hub.setup_link);
  await page.getByLabel("Email").focus();
  await page.keyboard.type(PERSON.email);
  await page.keyboard.press("Tab");
  await page.keyboard.type(PERSON.name);
  await page.keyboard.press("Tab");
  await page.keyboard.type(PERSON.password);
  await page.keyboard.press("Enter");
  await expect(dashboard.heading("You're all set")).toBeVisible();

  await tabTo(page, "Go to your printers");
  await page.keyboard.press("Enter");
  await expect(dashboard.heading("Printers")).toBeFocused();
  for (const name of ["Agents", "Account", "Printers"]) {
    await tabTo(page, name);
    await page.keyboard.press("Enter");
    await expect(dashboard.heading(name)).toBeFocused();
  }
  await tabTo(page, "Sign out");
  await page.keyboard.press("Enter");
  await expect(dashboard.heading("Sign in")).toBeVisible();
});

// covers: LK-1, AC-3
test("a second browser links an agent, sees it go and come back, and unlinks it", async ({ browser, page, rig }) => {
  const { hub, printer } = rig.facts;
  await new Dashboard(page, hub.url).setUp(hub.setup_link);
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const dashboard = new Dashboard(await context.newPage(), hub.url);
  await dashboard.signIn();

  await dashboard.link(rig);
  rig.run("agent", "run");
  await dashboard.visit("/printers");
  await dashboard.seeOnline(printer);
  await rig.stop();
  await dashboard.seeOffline(printer);
  rig.run("agent", "run");
  await dashboard.seeOnline(printer);

  await dashboard.visit("/agents");
  await dashboard.page.getByRole("button", { name: /^Unlink/ }).click();
  await dashboard.page.getByRole("dialog").getByRole("button", { name: "Unlink" }).click();
  await expect(dashboard.page.getByRole("term").filter({ hasText: /^Unlinked$/ })).toBeVisible();
  await expect(dashboard.page.getByRole("button", { name: /^Unlink/ })).toHaveCount(0);
  await context.close();
});

// covers: LK-1
test("the wrong words turn an agent away", async ({ page, rig }) => {
  const { hub } = rig.facts;
  const dashboard = new Dashboard(page, hub.url);
  await dashboard.setUp(hub.setup_link);
  await dashboard.offerLink(rig);
  await dashboard.pickWords(rig, { wrongly: true });
  await page.getByRole("button", { name: "Link this agent" }).click();
  await expect(page.getByText("it was turned away")).toBeVisible();
  await dashboard.visit("/agents");
  await expect(page.getByRole("heading", { name: "No agents yet" })).toBeVisible();
});
