import { expect } from "@playwright/test";
import { faintTexts } from "../contrast.ts";
import { test } from "../hostile.ts";

// covers: RL-2, SV-3
test("the page at a name that isn't the hub's has its style and nothing inline", async ({ siblings, page }) => {
  const { port } = new URL(siblings.workshop.hub);
  const refusals: string[] = [];
  page.on("console", (message) => {
    if (/Content.Security.Policy/i.test(message.text())) refusals.push(message.text());
  });
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    for (const width of [1100, 380]) {
      await page.setViewportSize({ width, height: 500 });
      expect((await page.goto(`https://somebody-elses.test:${port}/any?path`))?.status()).toBe(421);
      await expect(page.getByRole("heading", { name: "Wrong address" })).toBeVisible();
      const card = page.locator("main");
      expect(await card.evaluate((main) => getComputedStyle(main).borderTopWidth)).toBe("4px");
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      expect(await faintTexts(page), `too faint in ${colorScheme}`).toEqual([]);
      const folder = process.env.LAYERLOCK_PICTURES;
      if (folder) await page.screenshot({ path: `${folder}/wrong-address-${colorScheme}-${width}.png` });
    }
  }
  expect(refusals).toEqual([]);
});

// covers: RL-2, AC-3
test("another_program_at_localhost_gets_the_dashboards_cookie", async ({ siblings, context }) => {
  const { workshop, friend } = siblings;
  const port = new URL(workshop.hub).port;
  const page = await context.newPage();
  await page.goto(`https://localhost:${port}/agents`);
  expect(page.url()).toBe(`${workshop.hub}/agents`);
  // The printer itself, as it is on this machine: another program at another port.
  for (const host of ["localhost", "127.0.0.1"]) {
    friend.forget();
    await page.goto(friend.url.replace("127.0.0.1", host));
    const cookies = friend.arrived().map(({ headers }) => headers.cookie ?? "");
    expect(cookies.length).toBeGreaterThan(0);
    for (const cookie of cookies) expect(cookie).not.toContain("__Host-layerlock");
  }
});
