import { expect, type Page } from "@playwright/test";
import { AGENT, Dashboard } from "../dashboard.ts";
import { withHubAndAgent as test } from "../fixtures.ts";
import { inEveryLight, tabTo } from "../states.ts";
import { Watch } from "../watch.ts";

// covers: SV-4, XA-2
test("a proxy that nobody listed is warned of on every page, and nothing is looked at through it", async ({
  context,
  page,
  rig,
}) => {
  const { hub } = rig.facts;
  const watch = new Watch(context, hub.url);
  const dashboard = new Dashboard(page, hub.url);
  await dashboard.setUp(hub.setup_link);
  const banner = page.getByRole("status").filter({ hasText: "a proxy that this hub doesn't know" });
  await expect(banner).toBeHidden();

  await dashboard.visit("/exposure");
  await tabTo(page, "Look at my address");
  await page.keyboard.press("Enter");
  await expect(page.getByText("The hub sees you from inside")).toBeVisible();
  await inEveryLight(page, "exposure-private");

  // Whoever comes from a private address with such a header is taken for a proxy.
  await context.setExtraHTTPHeaders({ "x-forwarded-for": "203.0.113.9" });
  for (const path of ["/printers", "/agents", "/account"]) {
    await dashboard.visit(path);
    await expect(banner).toContainText('trusted_proxies = ["127.0.0.1"]');
  }
  await dashboard.visit("/printers");
  await inEveryLight(page, "proxy");
  await dashboard.visit("/exposure");
  await page.getByRole("button", { name: "Look at my address" }).click();
  await expect(page.getByText("A proxy stands between you and this hub")).toBeVisible();
  await inEveryLight(page, "exposure-proxy");
  const refusals = watch.complaints.filter((complaint) => !complaint.includes("status of 409"));
  expect(refusals).toEqual([]);
});

/** What a hub elsewhere would answer: here it is on the visitor's own machine. */
async function answers(page: Page, status: number, body: object): Promise<void> {
  await page.unroute("**/api/v1/exposure");
  await page.route("**/api/v1/exposure", (route) =>
    route.fulfill({ status, contentType: status === 200 ? "application/json" : "application/problem+json", body: JSON.stringify(body) }),
  );
}

const CLOSED = [80, 443, 1883, 5000, 7125].map((port) => ({ port, usually: "a web page", open: false, software: null }));
const NOTHING = { address: "2001:db8:1234:5678:9abc:def0:1234:5678", tried: CLOSED, findings: [], unsure: [] };
const SOMETHING = {
  address: "203.0.113.7",
  tried: [{ port: 8080, usually: "cameras (mjpg-streamer, µStreamer)", open: true, software: "a camera" }, ...CLOSED],
  findings: [
    {
      code: "camera-open",
      severity: "high",
      port: 8080,
      title: "A camera shows its picture without a login",
      meaning: "Everyone who reaches this address sees what the camera sees.",
      fix: "Remove the port forwarding in your router, and look at the camera through this hub.",
    },
    { code: "x", severity: "low", port: 80, title: "A page without encryption", meaning: "Passwords can be read.", fix: "Use HTTPS." },
    { code: "y", severity: "note", port: null, title: "An old version", meaning: "It still works.", fix: "Update it." },
  ],
  unsure: ["Whether port 443 is a printer's could not be found out in time."],
};

// covers: XA-2
test("what the Internet sees is told by words, with the focus on it", async ({ page, rig }) => {
  const { hub } = rig.facts;
  const dashboard = new Dashboard(page, hub.url);
  await dashboard.setUp(hub.setup_link);
  await dashboard.visit("/exposure");
  const look = page.getByRole("button", { name: "Look at my address" });
  const result = page.getByRole("heading", { name: /^What the Internet sees at/ });

  await answers(page, 200, SOMETHING);
  await look.click();
  await expect(result).toBeFocused();
  await expect(page.getByText("2 things ought to be mended.")).toBeVisible();
  await inEveryLight(page, "exposure-open");

  await answers(page, 200, NOTHING);
  await look.click();
  await expect(page.getByText("nothing is exposed")).toBeVisible();
  await tabTo(page, "No answer at 5 ports");
  await page.keyboard.press("Enter");
  await expect(page.getByText("They are closed, or something on the way keeps silent.")).toBeVisible();
  await inEveryLight(page, "exposure-nothing");

  await answers(page, 429, { code: "exposure-too-often", detail: "Your account or your address was looked at in the last 10 minutes. Try again in 9 min." });
  await look.click();
  await expect(page.getByText("Try again in 9 min.")).toBeVisible();
  await expect(result).toBeHidden();
  await inEveryLight(page, "exposure-too-often");

  await page.route("**/api/v1/exposure", (route) => route.abort());
  await look.click();
  await expect(page.getByRole("alert").filter({ hasText: /\w/ })).toBeVisible();
  await inEveryLight(page, "exposure-failed");

  let go = () => {};
  const going = new Promise<void>((done) => (go = done));
  await page.route("**/api/v1/exposure", (route) => going.then(() => route.fulfill({ json: NOTHING })));
  await look.click();
  await expect(page.getByRole("progressbar")).toBeVisible();
  await inEveryLight(page, "exposure-looking");
  go();
  await expect(result).toBeFocused();
});

// covers: LK-3
test("a copied key is warned of, and an agent that is away can be replaced with the keyboard", async ({ page, rig }) => {
  const { hub } = rig.facts;
  const dashboard = new Dashboard(page, hub.url);
  await dashboard.setUp(hub.setup_link);
  await dashboard.link(rig);
  const linked = (await page.evaluate(async () => (await fetch("/api/v1/agents")).json())) as { linked: string }[];
  let copied = false;
  await page.route("**/api/v1/agents", (route) => {
    const rival = (came: string) => (copied ? { address: "2001:db8:1234:5678::7", came } : null);
    return route.fulfill({ json: linked.map((agent) => ({ ...agent, rival: rival(agent.linked) })) });
  });

  await dashboard.visit("/agents");
  const card = page.getByRole("article").filter({ has: page.getByRole("heading", { name: AGENT }) });
  await expect(card).toContainText("Offline");
  await expect(card).not.toContainText("A second machine");
  await inEveryLight(page, "agents-offline");
  copied = true;
  await page.reload();
  await expect(card.getByRole("alert")).toContainText("A second machine came with this agent's key");
  await inEveryLight(page, "agents-rival");

  await tabTo(page, card.getByRole("link", { name: `Replace ${AGENT}` }));
  await page.keyboard.press("Enter");
  await expect(dashboard.heading("Replace an agent")).toBeFocused();
  await inEveryLight(page, "replace");

  await page.unroute("**/api/v1/agents");
  await page.route("**/api/v1/agents", (route) => route.abort());
  await dashboard.visit("/agents");
  await expect(page.getByRole("alert").filter({ hasText: /\w/ })).toBeVisible();
  await inEveryLight(page, "agents-failed");
});
