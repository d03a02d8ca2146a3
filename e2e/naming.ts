/** One of the ways to name the dashboard and its printers (docs/origins.md). */
export interface Naming {
  title: string;
  /** What the operator writes into layerlock.toml. */
  settings: string;
  /** The dashboard's host, without the port. */
  dashboard: string;
  /** A printer's host, with the port. */
  printer: RegExp;
  /** The name above all of these, for which a page may want to set cookies. */
  parent: string;
  /** Which cookies a hostile page can push out or write: those of nobody else, or of its siblings. */
  reach: "itself" | "siblings" | "everything";
}

const LOCALHOST: Naming = {
  title: "names below localhost",
  settings: "",
  dashboard: "layerlock.localhost",
  printer: /^[a-z2-7]{16}\.localhost:\d+$/,
  parent: "localhost",
  reach: "itself",
};

const MDNS: Naming = {
  title: "names in the hub's own network",
  settings: '[hub]\nnames = ["workshop.local"]\n',
  dashboard: "workshop.local",
  printer: /^ll-[a-z2-7]{16}\.local:\d+$/,
  parent: "local",
  reach: "itself",
};

const SIBLINGS: Naming = {
  title: "siblings of one domain",
  settings: '[hub]\nnames = ["hub.farm.test"]\n[hub.origins]\ndomain = "printers.farm.test"\n',
  dashboard: "hub.farm.test",
  printer: /^[a-z2-7]{16}\.printers\.farm\.test:\d+$/,
  parent: "farm.test",
  reach: "siblings",
};

/** The last resort. The ports are random ones below those that systems give to programs. */
function ports(): Naming {
  const first = 20_000 + 10 * Math.floor(Math.random() * 1_000);
  return {
    title: "ports of one name",
    settings: `[hub]\nnames = ["farm.test"]\n[hub.origins]\nports = "${first}-${first + 9}"\n`,
    dashboard: "farm.test",
    printer: /^farm\.test:2\d{4}$/,
    parent: "farm.test",
    reach: "everything",
  };
}

export const NAMINGS = [LOCALHOST, MDNS, SIBLINGS, ports()];
