import { expect } from "@playwright/test";
import { PERSON } from "../dashboard.ts";
import { flood, test } from "../hostile.ts";
import { NAMINGS } from "../naming.ts";

// What remains possible where printers share more than they should: each claim of docs/origins.md
// on siblings of one domain and on ports, seen to be so. A browser or a hub that does better makes
// these fail, and the page is to be written anew.

for (const naming of NAMINGS.filter(({ reach }) => reach !== "itself")) {
  test.describe(naming.title, () => {
    test.use({ naming });

    // covers: RL-2, RL-5
    test("a_flood_of_cookies_signs_people_out_and_nobody_in", async ({ siblings }) => {
      const { workshop, friend, friendPage, foePage, context } = siblings;
      expect(await workshop.whoIsSignedIn(context)).toBe(PERSON.email);
      await flood(foePage, naming);
      expect(await workshop.whoIsSignedIn(context)).toBe(401);
      const cookies = await context.cookies(workshop.hub);
      const session = cookies.find(({ name }) => name === "__Host-layerlock");
      expect(session?.value).toBe(naming.reach === "everything" ? "ATTACKER" : undefined);
      await friendPage.reload();
      const sent = friend.received().map(({ headers }) => headers.cookie ?? "");
      for (const cookie of sent) expect(cookie).not.toMatch(/flood|TOSSED/);
    });

    // covers: RL-2, RL-5
    test("a_bomb_of_cookies_locks_people_out_until_they_delete_them", async ({ siblings }) => {
      const { workshop, friend, friendPage, foePage, context } = siblings;
      await foePage.evaluate((parent) => {
        for (let number = 0; number < 90; number++) {
          document.cookie = `bomb${number}=${"x".repeat(4000)}; Path=/; Secure; Domain=${parent}`;
        }
      }, naming.parent);
      // Chromium's word for a refusal without a page.
      const refused = /ERR_HTTP_RESPONSE_CODE_FAILURE/;
      await expect(workshop.whoIsSignedIn(context)).rejects.toThrow(refused);
      await expect(friendPage.reload()).rejects.toThrow(refused);
      expect(friend.received()).toEqual([]);
      await context.clearCookies({ name: /^bomb/ });
      expect(await workshop.whoIsSignedIn(context)).toBe(PERSON.email);
      expect((await friendPage.reload())?.status()).toBe(200);
    });
  });
}
