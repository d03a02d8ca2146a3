import { expect } from "@playwright/test";
import { PERSON } from "../dashboard.ts";
import { flood, test, type Siblings } from "../hostile.ts";
import { NAMINGS } from "../naming.ts";

// A hostile printer's page, in a browser in which its owner also has another printer and the
// dashboard open. Whatever its script tries, what counts is what the other printer's server
// received, and whose session the dashboard has afterwards.

/** Where the page may not get: the other printer and the dashboard. */
function targets({ workshop, friendPage }: Siblings): string[] {
  return [new URL(friendPage.url()).origin, workshop.hub];
}

for (const naming of NAMINGS) {
  test.describe(naming.title, () => {
    test.use({ naming });

    // covers: RL-2, RL-3, RL-5
    test("sibling_printer_page_posts_to_moonraker", async ({ siblings }) => {
      const { workshop, friend, foe, foePage, context } = siblings;
      const results = await foePage.evaluate(async (origins) => {
        const attempt = async (url: string, init: RequestInit) => {
          try {
            const answer = await fetch(url, { credentials: "include", ...init });
            return `${answer.type} ${answer.status} ${await answer.text()}`;
          } catch (error) {
            return (error as Error).name;
          }
        };
        const results: string[] = [];
        for (const origin of origins) {
          const script = `${origin}/printer/gcode/script?script=M104`;
          results.push(await attempt(script, { method: "POST", mode: "no-cors" }));
          results.push(await attempt(script, { method: "POST", mode: "cors" }));
          results.push(await attempt(script, { method: "DELETE", headers: { "x-api-key": "a" } }));
          results.push(await attempt(`${origin}/api/v1/printers`, { mode: "cors" }));
          results.push(await attempt(`${origin}/`, { mode: "no-cors" }));
          navigator.sendBeacon(script, "M112");
        }
        await attempt("/own", { method: "POST" });
        return results;
      }, targets(siblings));
      for (const result of results) expect(["TypeError", "opaque 0 "]).toContain(result);
      await expect.poll(() => foe.received().map(({ path }) => path)).toContain("/own");
      expect(friend.received()).toEqual([]);
      expect(await workshop.whoIsSignedIn(context)).toBe(PERSON.email);
    });

    // covers: RL-2, RL-3, SV-3
    test("sibling_page_opens_websocket", async ({ siblings }) => {
      const { friend, foe, foePage } = siblings;
      const opened = await foePage.evaluate(async (origins) => {
        const attempt = (url: string) =>
          new Promise<string>((done) => {
            const socket = new WebSocket(url);
            socket.onopen = () => done("open");
            socket.onerror = () => done("error");
          });
        const urls = origins.flatMap((origin) => [`${origin}/sockjs/websocket`, `${origin}/api/v1/events`]);
        await attempt("/own");
        return Promise.all(urls.map((url) => attempt(url.replace("https:", "wss:"))));
      }, targets(siblings));
      expect(opened).toEqual(["error", "error", "error", "error"]);
      expect(foe.received().filter(({ socket }) => socket)).toHaveLength(1);
      expect(friend.received()).toEqual([]);
    });

    // covers: RL-2, RL-3, SV-2
    test("sibling_page_frames_and_posts_forms", async ({ siblings }) => {
      const { workshop, friend, foePage, context } = siblings;
      for (const origin of targets(siblings)) {
        const seen = await foePage.evaluate(async (origin) => {
          const frame = Object.assign(document.createElement("iframe"), { name: `into ${origin}` });
          document.body.append(frame);
          const loaded = () => new Promise((done) => frame.addEventListener("load", done, { once: true }));
          const form = document.body.appendChild(document.createElement("form"));
          Object.assign(form, { method: "post", action: `${origin}/printer/print/start`, target: frame.name });
          form.submit();
          await loaded();
          frame.src = `${origin}/`;
          await loaded();
          return frame.contentDocument?.body.innerText ?? "nothing";
        }, origin);
        expect(seen).toBe("nothing");
        for (const frame of foePage.frames().slice(1)) {
          expect(await frame.locator("body").innerText()).not.toContain("Friend");
        }
        const popup = context.waitForEvent("page");
        await foePage.evaluate((origin) => {
          const form = document.body.appendChild(document.createElement("form"));
          Object.assign(form, { method: "post", action: `${origin}/api/v1/printers`, target: "_blank" });
          form.submit();
        }, origin);
        const opened = await popup;
        await opened.waitForURL((url) => url.href.startsWith(origin));
        await opened.close();
      }
      expect(friend.received()).toEqual([]);
      expect(await workshop.whoIsSignedIn(context)).toBe(PERSON.email);
    });

    // covers: RL-2, RL-5
    test("sibling_page_holds_on_to_a_window", async ({ siblings }) => {
      const { friend, foePage, context } = siblings;
      for (const origin of targets(siblings)) {
        const popup = context.waitForEvent("page");
        await foePage.evaluate((origin) => Object.assign(window, { held: open(`${origin}/`) }), origin);
        const opened = await popup;
        await opened.waitForLoadState();
        expect(await opened.evaluate(() => window.opener === null)).toBe(true);
        const held = await foePage.evaluate(() => {
          const { held } = window as unknown as { held: Window };
          return { closed: held.closed, frames: held.length };
        });
        expect(held).toEqual({ closed: true, frames: 0 });
        await opened.close();
      }
      expect(friend.received().map(({ method }) => method)).toEqual(["GET"]);
    });

    // covers: RL-5
    test("printer_b_login_cookie_reaches_printer_a", async ({ siblings }) => {
      const { naming, friend, friendPage, foe, foePage } = siblings;
      await friendPage.reload();
      await foePage.reload();
      const sent = (printer: typeof foe) => printer.received().map(({ headers }) => headers.cookie);
      expect(sent(friend)).toEqual(["session=FRIENDS-LOGIN; csrf=FRIENDS-TOKEN"]);
      expect(sent(foe)).toEqual(["session=FOES-OWN"]);
      expect(await friendPage.evaluate(() => document.cookie)).toBe("csrf=FRIENDS-TOKEN");
      const readable = naming.reach === "everything" ? "csrf=FRIENDS-TOKEN" : "";
      expect(await foePage.evaluate(() => document.cookie)).toBe(readable);
    });

    // Elsewhere floods and bombs reach further: cookies.spec.ts.
    if (naming.reach === "itself") {
      // covers: RL-2, RL-5, AC-3
      test("cookie_jar_flood_replaces_session", async ({ siblings }) => {
        const { workshop, friend, friendPage, foe, foePage, context } = siblings;
        const sessions = async () => {
          const cookies = await context.cookies([workshop.hub, friendPage.url()]);
          return cookies.filter(({ httpOnly }) => httpOnly).map(({ name, value }) => `${name}=${value}`);
        };
        const before = await sessions();
        await flood(foePage, naming);
        expect(await sessions()).toEqual(before);
        expect(await workshop.whoIsSignedIn(context)).toBe(PERSON.email);
        await friendPage.reload();
        expect(friend.received().map(({ headers }) => headers.cookie)).toEqual(["session=FRIENDS-LOGIN; csrf=FRIENDS-TOKEN"]);
        foe.forget();
        await foePage.reload();
        // It has pushed out its own session. From localhost alone the way back is one that is signed in.
        const comesBack = naming.parent === "localhost" ? "Foe" : /./;
        await expect(foePage.getByRole("heading", { name: comesBack, level: 1 })).toBeVisible();
        for (const { headers } of foe.received()) expect(headers.cookie ?? "").not.toContain("flood");
      });

      // covers: RL-5
      test("cookie_bomb_from_printer", async ({ siblings }) => {
        const { workshop, friend, friendPage, foe, foePage, context } = siblings;
        const size = await foePage.evaluate((parent) => {
          for (let number = 0; number < 35; number++) {
            document.cookie = `bomb${number}=${"x".repeat(4000)}; Path=/; Secure`;
            document.cookie = `bomb${number}=${"x".repeat(4000)}; Path=/; Secure; Domain=${parent}`;
          }
          return document.cookie.length;
        }, naming.parent);
        expect(size).toBeGreaterThan(140_000);
        expect(await workshop.whoIsSignedIn(context)).toBe(PERSON.email);
        for (const page of [foePage, friendPage]) expect((await page.reload())?.status()).toBe(200);
        expect(foe.received().map(({ headers }) => headers.cookie)).toEqual(["session=FOES-OWN"]);
        expect(friend.received()).toHaveLength(1);
      });
    }

    // covers: RL-5
    test("clear_site_data_from_printer", async ({ siblings }) => {
      const { workshop, friend, friendPage, foePage, context } = siblings;
      const answer = await foePage.reload();
      const headers = answer?.headers() ?? {};
      for (const name of ["clear-site-data", "strict-transport-security", "alt-svc", "service-worker-allowed"]) {
        expect(headers[name], name).toBeUndefined();
      }
      expect(Object.keys(headers).filter((name) => name.startsWith("access-control-"))).toEqual([]);
      expect(await workshop.whoIsSignedIn(context)).toBe(PERSON.email);
      await friendPage.reload();
      expect(friend.received()[0]?.headers.cookie).toContain("session=FRIENDS-LOGIN");
    });

    // covers: RL-5
    test("service_worker_survives_printer_swap", async ({ siblings }) => {
      const { foe, foePage } = siblings;
      const outcome = await foePage.evaluate(async () => {
        const registered = navigator.serviceWorker.register("/worker.js").then(
          () => "registered",
          (error: Error) => error.name,
        );
        return [await registered, (await navigator.serviceWorker.getRegistrations()).length];
      });
      expect(outcome).toEqual(["TypeError", 0]);
      expect(foe.received()).toEqual([]);
    });

    // covers: RL-5, AC-5
    test("passkey_from_printer_origin", async ({ siblings }) => {
      const { foePage } = siblings;
      const refusals = await foePage.evaluate(async () => {
        const challenge = new Uint8Array(32);
        const user = { id: challenge, name: "a", displayName: "a" };
        const rp = { name: "Layerlock" };
        const pubKeyCredParams = [{ type: "public-key" as const, alg: -7 }];
        const why = (error: Error) => `${error.name}: ${error.message}`;
        const got = navigator.credentials.get({ publicKey: { challenge, timeout: 1000 } });
        const made = navigator.credentials.create({ publicKey: { challenge, rp, user, pubKeyCredParams, timeout: 1000 } });
        return Promise.all([got, made].map((wish) => wish.then(() => "a passkey", why)));
      });
      for (const refusal of refusals) expect(refusal).toMatch(/Permissions Policy|not enabled/i);
    });
  });
}
