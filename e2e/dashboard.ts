import { expect, type Locator, type Page } from "@playwright/test";
import type { Rig } from "./rig.ts";

export const PERSON = {
  email: "ada@example.org",
  name: "Ada",
  password: "seven lukewarm teapots hum",
};

/** The linked agent's name. */
export const AGENT = "Attic Pi";

/** The hub's dashboard, as a person uses it. */
export class Dashboard {
  readonly page: Page;
  readonly #hub: string;

  constructor(page: Page, hub: string) {
    this.page = page;
    this.#hub = hub;
  }

  async visit(path: string): Promise<void> {
    await this.page.goto(this.#hub + path);
  }

  heading(name: string | RegExp): Locator {
    return this.page.getByRole("heading", { level: 1, name });
  }

  /** Opens the printed link and makes the first account. */
  async setUp(link: string): Promise<void> {
    await this.page.goto(link);
    await this.page.getByLabel("Email").fill(PERSON.email);
    await this.page.getByLabel("Name").fill(PERSON.name);
    await this.page.getByLabel("Password", { exact: true }).fill(PERSON.password);
    await this.page.getByRole("button", { name: "Make my account" }).click();
    await this.page.getByRole("link", { name: "Go to your printers" }).click();
    await expect(this.heading("Printers")).toBeVisible();
  }

  async signIn(): Promise<void> {
    await this.visit("/sign-in");
    await this.page.getByLabel("Email").fill(PERSON.email);
    await this.page.getByLabel("Password", { exact: true }).fill(PERSON.password);
    await this.page.getByRole("button", { name: "Sign in" }).click();
    await expect(this.heading("Printers")).toBeVisible();
  }

  async signOut(): Promise<void> {
    await this.page.getByRole("button", { name: "Sign out" }).click();
    await expect(this.heading("Sign in")).toBeVisible();
  }

  printer(name: string): Locator {
    const heading = this.page.getByRole("heading", { name });
    return this.page.getByRole("article").filter({ has: heading });
  }

  async seeOnline(name: string): Promise<void> {
    await expect(this.printer(name)).toContainText("Online", { timeout: 40_000 });
  }

  async seeOffline(name: string): Promise<void> {
    await expect(this.printer(name)).toContainText("Offline", { timeout: 40_000 });
  }

  /** Follows the printer's "Open" and returns the page that it opens. */
  async open(name: string): Promise<Page> {
    const opened = this.page.waitForEvent("popup");
    await this.printer(name).getByRole("link", { name: /^Open/ }).click();
    return opened;
  }

  /** Walks the wizard: makes a code, runs the shown command on the rig, compares the words. */
  async link(rig: Rig): Promise<void> {
    await this.offerLink(rig);
    await this.pickWords(rig);
    await this.approve();
  }

  /** Approves the picked words, which are right. */
  async approve(): Promise<void> {
    await this.page.getByRole("button", { name: "Link this agent" }).click();
    await expect(this.page.getByText("is linked")).toBeVisible();
  }

  /** The wizard up to the moment when the agent has answered. */
  async offerLink(rig: Rig): Promise<void> {
    await this.visit("/link");
    await this.page.getByRole("button", { name: /code/i }).click();
    const command = this.page.locator("pre code");
    await expect(command).toContainText("--hub-key");
    const words = (await command.innerText()).trim().split(/\s+/);
    expect(words[0]).toBe("layerlock");
    rig.run(...words.slice(1), "--name", AGENT);
    await expect(this.page.getByText("has answered")).toBeVisible({ timeout: 30_000 });
  }

  /** Picks, out of three, the words that the agent's terminal shows (or others). */
  async pickWords(rig: Rig, { wrongly = false } = {}): Promise<void> {
    const choices = this.page.getByRole("radio");
    await expect(choices).toHaveCount(3);
    const shown = rig.printed.join(" ").replace(/[^a-z]+/g, " ");
    const offered = await choices.evaluateAll((inputs) => inputs.map((input) => (input as HTMLInputElement).value));
    const own = offered.filter((words) => shown.includes(words.replace(/[^a-z]+/g, " ")));
    expect(own, "exactly one choice is what the terminal shows").toHaveLength(1);
    const others = offered.filter((words) => words !== own[0]);
    await choices.nth(offered.indexOf((wrongly ? others : own)[0] ?? "")).check();
  }
}
