/**
 * The one-time token of a setup link. It travels in the URL's fragment, which browsers send to no
 * server; here it leaves the address bar and the history at once and stays in memory only.
 */
class SetupLink {
  token = $state<string | null>(null);

  /** Takes the token out of the address bar, if this is a setup link. */
  take(): void {
    if (location.pathname !== "/setup" || location.hash.length < 2) return;
    const fragment = location.hash.slice(1);
    history.replaceState(null, "", location.pathname);
    this.token = new URLSearchParams(fragment).get("token") ?? fragment;
  }
}

export const setupLink = new SetupLink();
