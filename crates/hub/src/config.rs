//! What the operator decides. Every value has a default, which is also the documented one, and a
//! name that isn't known is refused: a misspelt protection must not be a switched-off one.

mod loopback;
mod period;
mod reference;

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use serde::{Deserialize, Serialize};

pub use crate::origins::{Domain, InvalidDomain, InvalidOrigins, InvalidPorts, PortRange};
pub use loopback::{Loopback, NotLoopback};
pub use period::{InvalidPeriod, Period};

/// The configuration of a hub.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Host names by which people reach this hub, besides `layerlock.localhost`, this machine's
    /// own name and its private addresses. Asked for by any other name, the hub doesn't answer.
    pub names: Vec<String>,
    /// Networks (CIDR) of the proxies in front of this hub whose word on a visitor's address
    /// counts. Nobody's, by default.
    pub trusted_proxies: Vec<String>,
    /// Where it listens.
    pub listen: Listen,
    /// Where it keeps what it has to remember.
    pub database: Database,
    /// How long a sign-in lasts.
    pub sessions: Sessions,
    /// What a password has to be.
    pub passwords: Passwords,
    /// Which names printers' own pages have.
    pub origins: Origins,
}

/// Where a hub listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Listen {
    /// Address and port for HTTPS and for agents. `[::]` is every interface, IPv4 included.
    pub https: SocketAddr,
    /// Address and port that redirect to HTTPS.
    pub http: SocketAddr,
    /// Address and port of the metrics, on loopback. None, unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics: Option<Loopback>,
}

/// Where a hub keeps what it has to remember.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// `sqlite:PATH` or `postgres://USER:PASSWORD@HOST/NAME`. A SQLite file in the data folder,
    /// unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// How long a sign-in lasts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sessions {
    /// Without use (an open page that only listens is no use).
    pub idle: Period,
    /// At most, however much it is used.
    pub absolute: Period,
}

/// What a password has to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Passwords {
    /// In characters. A password also has to be hard to guess.
    pub min_length: usize,
}

/// Which names printers' own pages have. `LABEL.localhost`, on the machine itself, always works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Origins {
    /// A domain below which every name leads to this hub. Each printer gets a random name there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<Domain>,
    /// Whether to publish a random name per printer in the hub's own network (mDNS), where there
    /// is no domain. Nothing is published when the hub listens on loopback only.
    pub mdns: bool,
    /// Whether the dashboard answers to `localhost` and loopback addresses, too, instead of sending
    /// people on to `layerlock.localhost`. Browsers then hand its cookie to every program of that
    /// machine that is opened at another port of `localhost`.
    pub bare_localhost: bool,
    /// Ports (`first-last`) by which printers are told apart where no name of theirs leads to this
    /// hub. Printers are not separated from each other then: all ports of a host share one cookie
    /// jar.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ports: Option<PortRange>,
}

impl Default for Origins {
    fn default() -> Self {
        Self { domain: None, mdns: true, bare_localhost: false, ports: None }
    }
}

impl Config {
    /// Checks what can't be judged by looking at one setting.
    pub fn check(&self) -> Result<(), InvalidOrigins> {
        crate::origins::Origins::of(self).map(drop)
    }
}

impl Default for Listen {
    fn default() -> Self {
        let every = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
        Self {
            https: SocketAddr::new(every, 3443),
            http: SocketAddr::new(every, 3000),
            metrics: None,
        }
    }
}

impl Default for Sessions {
    fn default() -> Self {
        Self { idle: Period::days(7), absolute: Period::days(30) }
    }
}

impl Default for Passwords {
    fn default() -> Self {
        Self { min_length: credentials::Policy::default().min_length }
    }
}

/// A database's address may hold a password.
impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("url", &self.url.as_ref().map(|_| "***")).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_refused() {
        let error = toml::from_str::<Config>("[sessions]\nidel = \"1d\"\n").unwrap_err();
        assert!(error.to_string().contains("idel"), "{error}");
    }

    // covers: AC-3
    #[test]
    fn sessions_last_a_week_unused_and_a_month_at_most() {
        let sessions = Config::default().sessions;
        assert_eq!(sessions.idle.duration().as_secs(), 7 * 24 * 3_600);
        assert_eq!(sessions.absolute.duration().as_secs(), 30 * 24 * 3_600);
    }

    // covers: SV-9
    #[test]
    fn a_databases_password_is_not_printed() {
        let url = Some("postgres://hub:hunter2@db/hub".to_owned());
        let config = Config { database: Database { url }, ..Config::default() };
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
