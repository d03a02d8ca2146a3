import { expect } from "@playwright/test";
import { test } from "../hostile.ts";

// A ticket that the hub doesn't know: it was restarted in the meantime, or somebody made it up.

const MADE_UP = `/.layerlock/enter#ticket=${"A".repeat(43)}&next=%2Fsome%3Fwhere`;

// covers: OP-3, RL-2
test("a ticket that is gone is replaced without a question", async ({ siblings }) => {
  const { friend, friendPage, friendOrigin } = siblings;
  await friendPage.goto("about:blank");
  await friendPage.goto(friendOrigin + MADE_UP);
  await friendPage.waitForURL(`${friendOrigin}/some?where`);
  await expect(friendPage.getByRole("heading", { name: "Friend" })).toBeVisible();
  expect(friend.received().map(({ path }) => path)).toContain("/some?where");
});

// covers: RL-2
test("a hub that knows no ticket is asked twice and no more", async ({ siblings }) => {
  const { context, friendPage, friendOrigin } = siblings;
  let asked = 0;
  await friendPage.route("**/.layerlock/redeem", async (route) => {
    asked += 1;
    const body = JSON.stringify({ code: "invalid-ticket", detail: "This link has expired." });
    await route.fulfill({ status: 400, contentType: "application/json", body });
  });
  await context.clearCookies({ name: /__Host-ll/ });
  await friendPage.goto(`${friendOrigin}/`);
  await expect(friendPage.getByText("This link has expired.")).toBeVisible();
  await expect(friendPage.getByRole("link", { name: "Try again" })).toBeVisible();
  expect(asked).toBe(2);
});
