/** Where the visitor is. A page of the dashboard is shown in place; everything else is left to the browser. */
import { isPage } from "../pages";

class Router {
  #path = $state(location.pathname);
  #search = $state(location.search);
  /** Counts moves, also those to the same page. */
  moves = $state(0);

  get path(): string {
    return this.#path;
  }

  query(name: string): string | null {
    return new URLSearchParams(this.#search).get(name);
  }

  /**
   * Goes to an address of this site, as if a link to it had been followed. With `replace`, going
   * back skips the page that was left.
   */
  go(address: URL | string, how: "push" | "replace" = "push"): void {
    const target = new URL(address, location.href);
    if (!isPage(target.pathname)) return how === "push" ? location.assign(target) : location.replace(target);
    history[how === "push" ? "pushState" : "replaceState"](null, "", target);
    this.arrive();
    window.scrollTo(0, 0);
  }

  /** Notes something in the address bar without leaving the page. */
  note(address: string): void {
    history.replaceState(null, "", address);
    this.#search = location.search;
  }

  /** Takes over what the address bar says now. */
  arrive(): void {
    this.#path = location.pathname;
    this.#search = location.search;
    this.moves += 1;
  }

  /** Follows a plain click on a link to one of our own pages. */
  follow(event: MouseEvent): void {
    const modified = event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link || modified || event.defaultPrevented || link.target || link.hash) return;
    if (link.origin !== location.origin || !isPage(link.pathname)) return;
    event.preventDefault();
    this.go(link.href);
  }
}

export const router = new Router();
