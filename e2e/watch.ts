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
      if (message.type() === "error" && this.#isOurs(message.location().url)) {
        this.#note(`console at ${message.location().url}: ${message.text()}`);
      }
    });
    context.on("weberror", (error) => {
      if (this.#isOurs(error.page()?.url() ?? "")) this.#note(`exception: ${error.error().message}`);
    });
    context.on("request", (request) => this.#checkDestination(request));
  }

  /** Statuses that a test provokes are logged by Chromium as errors: those are expected. */
  expectStatus(status: number): void {
    const expected = `status of ${status} `;
    const keep = this.complaints.filter((complaint) => !complaint.includes(expected));
    this.complaints.splice(0, this.complaints.length, ...keep);
  }

  #isOurs(url: string): boolean {
    return url.startsWith(`${this.#hub}/`) || url.includes("/.layerlock/");
  }

  #checkDestination(request: Request): void {
    const from = request.serviceWorker() ? "" : request.frame().url();
    const inside = /^(https:\/\/([a-z2-7]+\.)?localhost:|data:|blob:)/.test(request.url());
    if (this.#isOurs(from) && !inside) this.#note(`request to ${request.url()}`);
  }

  #note(complaint: string): void {
    this.complaints.push(complaint);
  }
}
