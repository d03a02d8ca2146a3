/**
 * The address that a text such as `?next=` leads to, if that is on this very site; else its start
 * page. Whoever sends someone a sign-in link must not choose where they land.
 *
 * The text is judged as the browser reads it (`//host`, `/\host` and `/<tab>/host` are other sites),
 * and the whole address is given back, because a path of its own can start with `//`.
 */
export function localAddress(text: string | null, site: string): URL {
  const home = new URL("/", site);
  if (!text?.startsWith("/") || !URL.canParse(text, site)) return home;
  const address = new URL(text, site);
  return address.origin === home.origin ? address : home;
}
