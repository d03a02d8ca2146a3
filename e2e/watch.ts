import type { BrowserContext, Request } from "@playwright/test";

/**
 * Listens to everything that our own pages complain about: violations of the content security
 * policy, errors on the console, uncaught exceptions, and requests to any other place than this
 * hub. The printer's pages are the printer's business.
 */
export class Watch {
  readonly complaints: string[] = [];
  readonly #hub: string;

  constructor(context: BrowserContext, hub: string) {
    this.#hub = hub;
    context.on("console", (message) => {
      const { url } = message.location();
      if (message.type() !== "error" || !this.#isOurs(url)) return;
      if (!isNotSignedIn(url, message.text())) this.#note(`console at ${url}: ${message.text()}`);
    });
    context.on("weberror", (error) => {
      if (this.#isOurs(error.page()?.url() ?? "")) this.#note(`exception: ${error.error().message}`);
    });
    context.on("request", (request) => this.#checkDestination(request));
  }

  #isOurs(url: string): boolean {
    return url.startsWith(`${this.#hub}/`) || url.includes("/.layerlock/");
  }

  #checkDestination(request: Request): void {
    if (request.isNavigationRequest() || request.serviceWorker()) return;
    const from = request.frame().url();
    const inside = /^(https:\/\/([a-z2-7]+\.)?localhost:|data:|blob:)/.test(request.url());
    if (this.#isOurs(from) && !inside) this.#note(`request to ${request.url()}`);
  }

  #note(complaint: string): void {
    this.complaints.push(complaint);
  }
}

/** The dashboard asks who is signed in; Chromium reports the answer "nobody" as an error. */
function isNotSignedIn(url: string, text: string): boolean {
  return url.endsWith("/api/v1/session") && text.includes("status of 401");
}
