import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, type BrowserContext, type Page } from "@playwright/test";
import { PERSON } from "./dashboard.ts";
import type { Naming } from "./naming.ts";
import type { Printer } from "./printer.ts";

/** One `layerlock up` with printers that the test plays itself. */
export class Workshop {
  readonly #process: ChildProcess;
  readonly #data: string;
  readonly #printed: string[] = [];
  readonly #naming: Naming;

  static async start(printers: Printer[], naming: Naming): Promise<Workshop> {
    const workshop = new Workshop(printers, naming);
    await expect.poll(() => workshop.#setupLink(), { timeout: 30_000 }).toBeDefined();
    return workshop;
  }

  private constructor(printers: Printer[], naming: Naming) {
    this.#naming = naming;
    this.#data = mkdtempSync(join(tmpdir(), "layerlock-e2e-"));
    writeFileSync(join(this.#data, "layerlock.toml"), naming.settings);
    const data = ["--data", this.#data];
    for (const { name, url } of printers) {
      execFileSync(program(), ["agent", "printer", "add", `octoprint=${url}`, "--name", name, ...data]);
    }
    const listen = ["--https", "127.0.0.1:0", "--http", "127.0.0.1:0"];
    this.#process = spawn(program(), ["up", ...listen, ...data], { stdio: ["ignore", "pipe", "inherit"] });
    if (!this.#process.stdout) throw new Error("layerlock has no output");
    createInterface({ input: this.#process.stdout }).on("line", (line) => this.#printed.push(line));
  }

  /** The dashboard's origin. */
  get hub(): string {
    return `https://${this.#naming.dashboard}:${this.#setupLink()?.[1]}`;
  }

  /** Makes the first account in this browser, and waits until the printers are online. */
  async setUp(context: BrowserContext): Promise<void> {
    const data = { token: this.#setupLink()?.[2], ...PERSON };
    const made = await this.#atTheDashboard(context, async (data) => {
      const headers = { "content-type": "application/json" };
      const answer = await fetch("/api/v1/setup", { method: "POST", headers, body: JSON.stringify(data) });
      return answer.status;
    }, data);
    expect(made).toBe(201);
    const ready = async () => (await this.#printers(context)).map(({ online, open }) => online && "url" in open);
    await expect.poll(ready, { timeout: 30_000 }).toEqual([true, true]);
  }

  /** Opens a printer's own page in a tab of its own. */
  async open(context: BrowserContext, printer: Printer): Promise<Page> {
    const found = (await this.#printers(context)).find(({ name }) => name === printer.name);
    const page = await context.newPage();
    await page.goto(found?.open.url ?? "");
    await expect(page.getByRole("heading", { name: printer.name })).toBeVisible();
    expect(new URL(page.url()).host).toMatch(this.#naming.printer);
    return page;
  }

  /** Whose session the dashboard has in this browser: an email address, or the status. */
  async whoIsSignedIn(context: BrowserContext): Promise<string | number> {
    return this.#atTheDashboard(context, async () => {
      const answer = await fetch("/api/v1/session");
      return answer.ok ? ((await answer.json()) as { email: string }).email : answer.status;
    });
  }

  async end(): Promise<void> {
    const ended = new Promise((done) => this.#process.once("exit", done));
    this.#process.kill("SIGTERM");
    await ended;
    rmSync(this.#data, { recursive: true, force: true });
  }

  async #printers(context: BrowserContext) {
    return this.#atTheDashboard(context, async () => {
      const answer = await fetch("/api/v1/printers");
      return (await answer.json()) as { name: string; online: boolean; open: { url: string } }[];
    });
  }

  /** Runs a script as a page of the dashboard's origin. */
  async #atTheDashboard<T, A = void>(
    context: BrowserContext,
    script: (argument: A) => Promise<T>,
    argument?: A,
  ): Promise<T> {
    const page = await context.newPage();
    await page.goto(`${this.hub}/api/v1/hub`);
    const result = await page.evaluate(script as (argument: unknown) => Promise<T>, argument);
    await page.close();
    return result;
  }

  #setupLink(): RegExpMatchArray | undefined {
    const links = this.#printed.map((line) => line.match(/https:\/\/[^ ]*:(\d+)\/setup#(\S+)/));
    return links.find((link) => link !== null) ?? undefined;
  }
}

/** The program that cargo has built. */
function program(): string {
  const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
  const target = resolve(root, process.env.CARGO_TARGET_DIR ?? "target");
  const file = process.env.LAYERLOCK_BINARY ?? join(target, "debug", "layerlock");
  if (!existsSync(file)) throw new Error("run `cargo build --workspace --bins` first");
  return file;
}
