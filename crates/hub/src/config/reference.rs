//! The reference of all settings: a complete configuration file that changes nothing, with the
//! meaning of each value above it.

use std::fmt::{Display, Write};

use super::Config;

impl Config {
    /// The `[hub]` part of a configuration file, with every setting at its default.
    pub fn reference() -> String {
        let Self { names, trusted_proxies, listen, database: _, sessions, passwords, origins } =
            Self::default();
        let mut page = Page::default();
        page.section("hub", "The hub.");
        page.setting("names", &list(&names), NAMES);
        page.setting("trusted_proxies", &list(&trusted_proxies), TRUSTED_PROXIES);
        page.section("hub.listen", "Where the hub listens.");
        page.setting("https", &text(listen.https), HTTPS);
        page.setting("http", &text(listen.http), HTTP);
        page.unset("metrics", "\"127.0.0.1:9464\"", METRICS);
        page.section("hub.database", "Where the hub keeps what it has to remember.");
        page.unset("url", "\"sqlite:/var/lib/layerlock/hub/layerlock.sqlite\"", DATABASE_URL);
        page.section(
            "hub.sessions",
            "How long a sign-in lasts (\"90s\", \"15m\", \"12h\", \"7d\").",
        );
        page.setting("idle", &text(sessions.idle), IDLE);
        page.setting("absolute", &text(sessions.absolute), ABSOLUTE);
        page.section("hub.passwords", "What a password has to be.");
        page.setting("min_length", &passwords.min_length.to_string(), MIN_LENGTH);
        page.section("hub.origins", "Which names printers' own pages have (docs/origins.md).");
        page.unset("domain", "\"printers.example\"", DOMAIN);
        page.setting("mdns", &origins.mdns.to_string(), MDNS);
        page.setting("bare_localhost", &origins.bare_localhost.to_string(), BARE_LOCALHOST);
        page.unset("ports", "\"40000-40099\"", PORTS);
        page.0
    }
}

const NAMES: &[&str] = &[
    "Host names by which people reach this hub, besides layerlock.localhost, this machine's own",
    "name and its private addresses. Asked for by any other name, the hub doesn't answer.",
];
const TRUSTED_PROXIES: &[&str] = &[
    "Networks of the proxies in front of this hub whose word on a visitor's address counts,",
    "for example [\"192.0.2.10/32\"]. Nobody's, by default.",
];
const HTTPS: &[&str] =
    &["Address and port for HTTPS and for agents. [::] is every interface, IPv4 included."];
const HTTP: &[&str] = &["Address and port that redirect to HTTPS."];
const METRICS: &[&str] = &[
    "Address and port of the metrics for Prometheus (docs/metrics.md). Plain HTTP without a login,",
    "and so on loopback only. Nowhere, unless set.",
];
const DATABASE_URL: &[&str] = &[
    "sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME. Unless set, a SQLite file in the data",
    "folder.",
];
const IDLE: &[&str] = &["Without use. An open page that only listens is no use."];
const ABSOLUTE: &[&str] = &["At most, however much it is used."];
const MIN_LENGTH: &[&str] = &["In characters. A password also has to be hard to guess."];
const DOMAIN: &[&str] = &[
    "A domain below which every name leads to this hub; each printer gets a random name there.",
    "Best one that shares nothing with the hub's own name, which must be set in names above.",
];
const MDNS: &[&str] = &[
    "Publish a random name per printer in the hub's own network (mDNS), where there is no domain.",
    "Nothing is published when the hub listens on loopback only.",
];
const BARE_LOCALHOST: &[&str] = &[
    "Answer to localhost and loopback addresses, too, instead of sending people on to",
    "layerlock.localhost. For browsers that don't know names below localhost. Switched on, whoever",
    "opens another program at a port of localhost in the same browser hands it their sign-in.",
];

const PORTS: &[&str] = &[
    "Ports by which printers are told apart where no name of theirs leads to this hub: the last",
    "resort. Printers are not separated from each other then (docs/origins.md).",
];

#[derive(Default)]
struct Page(String);

impl Page {
    fn section(&mut self, name: &str, meaning: &str) {
        let gap = if self.0.is_empty() { "" } else { "\n" };
        let _ = write!(self.0, "{gap}# {meaning}\n[{name}]\n");
    }

    fn setting(&mut self, name: &str, value: &str, meaning: &[&str]) {
        self.meaning(meaning);
        let _ = writeln!(self.0, "{name} = {value}");
    }

    /// A setting that has no default value: shown by example, commented out.
    fn unset(&mut self, name: &str, example: &str, meaning: &[&str]) {
        self.meaning(meaning);
        let _ = writeln!(self.0, "# {name} = {example}");
    }

    fn meaning(&mut self, lines: &[&str]) {
        for line in lines {
            let _ = writeln!(self.0, "# {line}");
        }
    }
}

fn text(value: impl Display) -> String {
    format!("\"{value}\"")
}

fn list(values: &[String]) -> String {
    format!("{values:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_is_a_configuration_that_changes_nothing() {
        let file: toml::Table = Config::reference().parse().unwrap();
        let hub: Config = file["hub"].clone().try_into().unwrap();
        assert_eq!(hub, Config::default());
    }

    #[test]
    fn the_reference_names_every_setting() {
        let mut config = Config::default();
        config.database.url = Some("sqlite:x".to_owned());
        config.listen.metrics = "127.0.0.1:9464".parse().ok();
        config.origins.domain = "printers.example".parse().ok();
        config.origins.ports = "40000-40099".parse().ok();
        let reference = Config::reference();
        let every = toml::Table::try_from(config).unwrap();
        for (name, value) in &every {
            let names: Vec<_> = match value {
                toml::Value::Table(section) => section.keys().collect(),
                _ => vec![name],
            };
            for name in names {
                assert!(reference.contains(&format!("{name} = ")), "{name}");
            }
        }
    }
}
