import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** What the rig tells about itself. */
export interface Facts {
  hub: { url: string; setup_link: string; pid: number };
  /** A gate before OctoPrint and the camera, and who may pass it from outside. */
  gate: { url: string; user: string; password: string };
  /** The printer's name on the dashboard. */
  printer: string;
  octoprint: { url: string; user: string; password: string; api_key: string; pid: number };
  camera: string;
}

/** `up` and `hub-agent` have a hub and no gate, `gate` has a gate and no hub. */
type Mode = "up" | "hub-agent" | "gate";

/** OctoPrint, a camera and Layerlock, running until `end` (or until this process ends). */
export class Rig {
  readonly printed: string[] = [];
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<void>;
  #facts: Facts | undefined;
  #stops = 0;

  static async start(mode: Mode): Promise<Rig> {
    const rig = new Rig(mode);
    await rig.#until("the rig to start", () => rig.#facts);
    return rig;
  }

  private constructor(mode: Mode) {
    this.#process = spawn(program(), [mode], { stdio: "pipe" });
    this.#process.stderr.pipe(process.stderr);
    this.#ended = new Promise((done) => this.#process.once("close", () => done()));
    createInterface({ input: this.#process.stdout }).on("line", (line) => this.#hear(line));
  }

  get facts(): Facts {
    if (!this.#facts) throw new Error("the rig has not started");
    return this.#facts;
  }

  /** Starts `layerlock` with these words on the agent's data. */
  run(...words: string[]): void {
    this.#process.stdin.write(`${JSON.stringify(words)}\n`);
  }

  /** Stops what `run` started last. */
  async stop(): Promise<void> {
    const before = this.#stops;
    this.#process.stdin.write('"stop"\n');
    await this.#until("a program to stop", () => this.#stops > before);
  }

  /** Waits for a line that `run`'s programs print. */
  line(pattern: RegExp): Promise<RegExpMatchArray> {
    return this.#until(`${pattern} to be printed`, () =>
      this.printed.map((line) => line.match(pattern)).find((match) => match !== null),
    );
  }

  /** Frames of the camera that a proxy asked for. */
  async framesForwarded(): Promise<number> {
    const counts = (await (await fetch(`${this.facts.camera}counts`)).json()) as { forwarded: number };
    return counts.forwarded;
  }

  /** Asks OctoPrint itself, not through Layerlock. */
  async octoprint<T>(path: string): Promise<T> {
    const { url, api_key } = this.facts.octoprint;
    return (await (await fetch(url + path, { headers: { "X-Api-Key": api_key } })).json()) as T;
  }

  async end(): Promise<void> {
    this.#process.stdin.end();
    await this.#ended;
  }

  #hear(line: string): void {
    const said = JSON.parse(line) as Facts & { printed?: string; stopped?: number };
    if (said.octoprint) this.#facts = said;
    if (said.printed !== undefined) this.printed.push(said.printed);
    if ("stopped" in said) this.#stops += 1;
  }

  async #until<T>(what: string, look: () => T | undefined | false): Promise<T> {
    const end = Date.now() + 150_000;
    while (Date.now() < end && this.#process.exitCode === null) {
      const found = look();
      if (found) return found;
      await new Promise((done) => setTimeout(done, 50));
    }
    throw new Error(`waited in vain for ${what}:\n${this.printed.join("\n")}`);
  }
}

/** The program that cargo has built. */
function program(): string {
  const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
  const target = process.env.CARGO_TARGET_DIR ?? join(root, "target");
  const file = join(resolve(root, target), "debug", "rig");
  if (!existsSync(file)) throw new Error("run `cargo build --workspace --bins` first");
  return file;
}
