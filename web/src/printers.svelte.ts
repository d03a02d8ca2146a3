/**
 * The printers, live. The hub sends the whole list at once and at every change, and a sign of life
 * every 15 s; when that stays away the list is no longer called live.
 */
import { api, type Printer } from "./api/client";
import { EventParser } from "./api/events";
import { failureFrom, type Failure } from "./api/problem";
import { now } from "./clock";

/** Two missed signs of life and some slack, in milliseconds. */
const SILENCE = 35_000;
const FIRST_RETRY = 500;
const LAST_RETRY = 30_000;

export class LivePrinters {
  /** The newest list; `null` until there is one. */
  list = $state.raw<Printer[] | null>(null);
  state = $state<"connecting" | "live" | "lost">("connecting");
  /** When the list was last known to be true. */
  heard = $state(0);
  failure = $state.raw<Failure | null>(null);

  #connection: AbortController | null = null;
  #watchdog: ReturnType<typeof setTimeout> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #tries = 0;

  /** Connects until `stop`. */
  start(): void {
    clearTimeout(this.#retry);
    this.#connection?.abort();
    const connection = new AbortController();
    this.#connection = connection;
    void this.#listen(connection);
  }

  stop(): void {
    clearTimeout(this.#retry);
    clearTimeout(this.#watchdog);
    this.#connection?.abort();
    this.#connection = null;
  }

  /** Tries at once, if it was waiting for its next try. */
  hurry(): void {
    if (this.#connection && this.state === "lost") this.start();
  }

  async #listen(connection: AbortController): Promise<void> {
    this.#watch(connection);
    try {
      const stream = await api.events(connection.signal);
      await this.#read(stream.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>), connection);
      this.#lose(connection, null);
    } catch (thrown) {
      this.#lose(connection, failureFrom(thrown));
    }
  }

  async #read(stream: ReadableStream<string>, connection: AbortController): Promise<void> {
    const parser = new EventParser();
    const reader = stream.getReader();
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      this.#watch(connection);
      for (const event of parser.push(next.value)) {
        if (event.name === "printers") this.#show(JSON.parse(event.data) as Printer[]);
      }
      if (this.state === "live") this.heard = now();
    }
  }

  #show(list: Printer[]): void {
    this.list = list;
    this.state = "live";
    this.failure = null;
    this.#tries = 0;
  }

  #watch(connection: AbortController): void {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => connection.abort(), SILENCE);
  }

  #lose(connection: AbortController, failure: Failure | null): void {
    // A connection that was replaced or stopped has nothing to say.
    if (connection !== this.#connection) return;
    clearTimeout(this.#watchdog);
    connection.abort();
    this.state = "lost";
    this.failure = failure;
    if (failure?.code === "signed-out") return;
    const longest = Math.min(LAST_RETRY, FIRST_RETRY * 2 ** this.#tries);
    this.#tries = Math.min(this.#tries + 1, 10);
    this.#retry = setTimeout(() => this.start(), longest * (0.5 + Math.random() / 2));
  }
}
