/**
 * The hub's time. A browser's clock may be minutes off; countdowns and "last seen" must not be.
 */
import { createSubscriber } from "svelte/reactivity";

let ahead = 0;

/** Learns from an answer's `Date` header how far the hub's clock is from this one. */
export function noteServerTime(date: string | null): void {
  const server = Date.parse(date ?? "");
  if (Number.isNaN(server)) return;
  const difference = server - Date.now();
  // The header has whole seconds and the answer took a moment: less than this is no difference.
  ahead = Math.abs(difference) < 3000 ? 0 : difference;
}

/** Milliseconds since 1970 by the hub's clock. */
export function now(): number {
  return Date.now() + ahead;
}

/** A time that moves on while something on the page shows it. */
export class Ticking {
  #subscribe: () => void;

  /** @param every milliseconds between two looks at the clock */
  constructor(every: number) {
    this.#subscribe = createSubscriber((update) => {
      const timer = setInterval(update, every);
      return () => clearInterval(timer);
    });
  }

  get now(): number {
    this.#subscribe();
    return now();
  }
}

/** Shared by all that shows "3 minutes ago". */
export const minutely = new Ticking(15_000);
