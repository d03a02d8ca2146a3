import { test as base, type Browser, type BrowserContext, type Cookie, type Page } from "@playwright/test";
import { NAMINGS, type Naming } from "./naming.ts";
import { Printer } from "./printer.ts";
import { Workshop } from "./workshop.ts";

/** A friendly and a hostile printer under one hub, both open in one browser. */
export interface Siblings {
  naming: Naming;
  workshop: Workshop;
  friend: Printer;
  friendPage: Page;
  friendOrigin: string;
  foe: Printer;
  foePage: Page;
  context: BrowserContext;
}

const FRIENDS_COOKIES = ["session=FRIENDS-LOGIN; HttpOnly; Path=/", "csrf=FRIENDS-TOKEN; Path=/"];

/** Everything that a printer's answers can try. */
const foesHeaders = ({ parent }: Naming) => ({
  "access-control-allow-credentials": "true",
  "access-control-allow-origin": "*",
  "alt-svc": 'h2="127.0.0.1:9"',
  "clear-site-data": '"cookies", "storage"',
  "content-security-policy": "frame-ancestors *",
  "cross-origin-opener-policy": "unsafe-none",
  "permissions-policy": "not a policy ((",
  "service-worker-allowed": "/",
  "strict-transport-security": "max-age=0; includeSubDomains",
  "set-cookie": [
    "session=FOES-OWN; HttpOnly; Path=/",
    "__Host-layerlock=ATTACKER; Path=/; Secure",
    "__Host-ll-x=ATTACKER; Path=/; Secure",
    `csrf=TOSSED; Domain=${parent}; Path=/`,
  ],
});

/** What the tests of one naming share: starting it takes longer than most of them. */
class Street {
  static async open(browser: Browser, naming: Naming): Promise<Street> {
    const friend = await Printer.start("Friend", { page: "<h1>Friend</h1>", headers: { "set-cookie": FRIENDS_COOKIES } });
    const foe = await Printer.start("Foe", { page: "<h1>Foe</h1>", headers: foesHeaders(naming) });
    const workshop = await Workshop.start([friend, foe], naming);
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    await workshop.setUp(context);
    const session = await context.cookies();
    await context.close();
    return new Street(workshop, friend, foe, session);
  }

  private constructor(
    readonly workshop: Workshop,
    readonly friend: Printer,
    readonly foe: Printer,
    /** The session of the person who owns both. */
    readonly session: Cookie[],
  ) {}

  async end(): Promise<void> {
    await this.workshop.end();
    for (const printer of [this.friend, this.foe]) printer.end();
  }
}

interface OfWorker {
  /** Those that are open, by the title of their naming. */
  streets: Map<string, Street>;
}

export const test = base.extend<{ naming: Naming; siblings: Siblings }, OfWorker>({
  naming: [NAMINGS[0] as Naming, { option: true }],
  streets: [
    async ({}, use) => {
      const streets = new Map<string, Street>();
      await use(streets);
      for (const street of streets.values()) await street.end();
    },
    { scope: "worker" },
  ],
  siblings: async ({ browser, context, naming, streets }, use) => {
    const street = streets.get(naming.title) ?? (await Street.open(browser, naming));
    streets.set(naming.title, street);
    const { workshop, friend, foe, session } = street;
    await context.addCookies(session);
    const friendPage = await workshop.open(context, friend);
    const foePage = await workshop.open(context, foe);
    friend.forget();
    foe.forget();
    const friendOrigin = new URL(friendPage.url()).origin;
    await use({ naming, workshop, friend, friendPage, friendOrigin, foe, foePage, context });
  },
});

/** Fills a page's cookie jar, and writes cookies of other sites' names for itself and its parents. */
export function flood(page: Page, { parent }: Naming): Promise<void> {
  return page.evaluate((parent) => {
    for (let number = 0; number < 400; number++) document.cookie = `flood${number}=1; Path=/; Secure`;
    for (const name of ["__Host-layerlock", "__Host-ll-x", "session", "csrf"]) {
      document.cookie = `${name}=ATTACKER; Path=/; Secure`;
      for (const domain of [parent, `${parent}:${location.port}`, `.${parent}`, location.hostname]) {
        document.cookie = `${name}=TOSSED; Domain=${domain}; Path=/; Secure`;
      }
    }
  }, parent);
}
