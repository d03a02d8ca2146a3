/** The dashboard's pages: path, title, and who may see them. */

export type PageName = "setup" | "sign-in" | "printers" | "link" | "agents" | "exposure" | "account" | "not-found";

export interface Page {
  name: PageName;
  title: string;
  /** Shown without an account. */
  open?: true;
}

const PRINTERS: Page = { name: "printers", title: "Printers" };
const NOT_FOUND: Page = { name: "not-found", title: "Page not found", open: true };

const PAGES: ReadonlyMap<string, Page> = new Map<string, Page>([
  ["/", PRINTERS],
  ["/printers", PRINTERS],
  ["/link", { name: "link", title: "Link an agent" }],
  ["/agents", { name: "agents", title: "Agents" }],
  ["/exposure", { name: "exposure", title: "Am I exposed?" }],
  ["/account", { name: "account", title: "Account" }],
  ["/sign-in", { name: "sign-in", title: "Sign in", open: true }],
  ["/setup", { name: "setup", title: "Set up", open: true }],
]);

export function isPage(path: string): boolean {
  return PAGES.has(path);
}

export function pageAt(path: string): Page {
  return PAGES.get(path) ?? NOT_FOUND;
}
