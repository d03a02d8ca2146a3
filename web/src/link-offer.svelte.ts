/** One offer to link an agent, from its code to its end. Asks the hub how it stands while it is open. */
import { api, type Link } from "./api/client";
import { failureFrom, type Failure } from "./api/problem";
import { now } from "./clock";

/** Milliseconds between two looks at an open offer. */
const EVERY = 2000;

export class LinkOffer {
  link = $state.raw<Link | null>(null);
  /** The words did not match, so the agent was turned away. */
  mistaken = $state(false);
  busy = $state(false);

  /** Why the last thing that was asked for did not work, and why the last look did not. */
  #refused = $state.raw<Failure | null>(null);
  #blind = $state.raw<Failure | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;

  get open(): boolean {
    return this.link?.state === "waiting" || this.link?.state === "claimed";
  }

  get failure(): Failure | null {
    return this.#refused ?? this.#blind;
  }

  /** Makes a code: for a new agent, or for a machine that takes the place of the agent with this id. */
  make(replaces: string | null): Promise<void> {
    return this.#act(async () => this.#take(await (replaces ? api.makeReplacement(replaces) : api.makeLink())));
  }

  /** Goes on with an offer that was made before. Its code is not shown a second time. */
  resume(id: string): Promise<void> {
    return this.#act(async () => this.#take(await api.link(id)));
  }

  approve(words: string): Promise<void> {
    return this.#act(async (id) => {
      try {
        this.#take(await api.approveLink(id, words));
      } catch (thrown) {
        this.mistaken = failureFrom(thrown).code === "wrong-words";
        if (!this.mistaken && failureFrom(thrown).code !== "link-state") throw thrown;
        await this.#look();
      }
    });
  }

  decline(): Promise<void> {
    return this.#act(async (id) => {
      await api.declineLink(id);
      await this.#look();
    });
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #act(what: (id: string) => Promise<void>): Promise<void> {
    this.busy = true;
    this.#refused = null;
    try {
      await what(this.link?.id ?? "");
    } catch (thrown) {
      this.#refused = failureFrom(thrown);
    } finally {
      this.busy = false;
    }
  }

  async #look(): Promise<void> {
    if (this.link) this.#take(await api.link(this.link.id));
  }

  #take(link: Link): void {
    const { code, command } = this.link?.id === link.id ? this.link : link;
    this.link = { ...link, code: link.code ?? code ?? null, command: link.command ?? command ?? null };
    clearTimeout(this.#timer);
    if (this.open && !this.#stopped) this.#timer = setTimeout(() => void this.#ask(), EVERY);
  }

  /** Looks, and goes on looking while the offer can still change, even if the hub can't be reached. */
  async #ask(): Promise<void> {
    try {
      if (!this.busy) await this.#look();
      this.#blind = null;
    } catch (thrown) {
      this.#blind = failureFrom(thrown);
    }
    const over = this.#blind?.status === 404 || (this.link && now() > Date.parse(this.link.expires) + 60_000);
    if (over || !this.open || this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#ask(), EVERY);
  }
}
