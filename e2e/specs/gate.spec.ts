import { expect, type Browser, type Page } from "@playwright/test";
import { withGate as test } from "../fixtures.ts";
import { gcode, OctoPrintPage } from "../octoprint.ts";
import type { Rig } from "../rig.ts";

// The browser comes from 127.0.0.1, which is outside here: the gate asks it for a password.

/** A browser whose person types these at the prompt. */
async function visitor(browser: Browser, username: string, password: string): Promise<Page> {
  const context = await browser.newContext({ httpCredentials: { username, password } });
  return context.newPage();
}

/** The answers to WebSockets' handshakes, as Chromium saw them. */
async function handshakes(page: Page): Promise<number[]> {
  const seen: number[] = [];
  const protocol = await page.context().newCDPSession(page);
  await protocol.send("Network.enable");
  protocol.on("Network.webSocketHandshakeResponseReceived", ({ response }) => seen.push(response.status));
  return seen;
}

function protocols(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const loaded = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
    const names = loaded.map((entry) => (entry as PerformanceResourceTiming).nextHopProtocol);
    return [...new Set(names.filter((name) => name !== ""))];
  });
}

/** Frames that went through the gate while nobody does anything. */
async function framesInASecond(page: Page, rig: Rig): Promise<number> {
  const before = await rig.framesForwarded();
  await page.waitForTimeout(1_000);
  return (await rig.framesForwarded()) - before;
}

// covers: GT-1, GT-5
test("OctoPrint behind a gate, from outside, with live temperatures and camera", async ({ browser, rig }) => {
  const { gate, octoprint } = rig.facts;
  const page = await visitor(browser, gate.user, gate.password);
  const sockets = await handshakes(page);
  await page.goto(gate.url);
  const ui = new OctoPrintPage(page);
  await ui.signIn(octoprint.user, octoprint.password);
  await ui.upload("cube.gcode", gcode());
  await ui.print("cube.gcode");
  await ui.seeTemperaturesMove();
  await ui.seeCameraMove();
  expect(await protocols(page)).toEqual(["h2"]);
  // 200 is HTTP/2's own kind of WebSocket (RFC 8441), 101 the older one.
  expect(sockets).toContain(200);
  await page.context().close();
});

// covers: GT-1
test("a wrong password shows nothing of OctoPrint", async ({ browser, rig }) => {
  const { gate } = rig.facts;
  const page = await visitor(browser, gate.user, "wrong");
  const answer = await page.goto(gate.url);
  expect(answer?.status()).toBe(401);
  await expect(page.locator("body")).toHaveText("A user name and a password are needed from outside the home network.");
  const statuses = await page.evaluate(async () => {
    const paths = ["/api/version", "/webcam/?action=stream", "/static/webassets/packed_core.css", "/sockjs/info"];
    return Promise.all(paths.map(async (path) => (await fetch(path)).status));
  });
  // After five wrong ones the gate doesn't look at further ones.
  for (const status of statuses) expect([401, 429]).toContain(status);
  expect(await framesInASecond(page, rig)).toBe(0);
  await page.context().close();
});
