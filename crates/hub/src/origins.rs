//! The names that the hub and its printers go by. Each printer has a web origin of its own (RL-2),
//! because its page is somebody else's program; which name that origin has depends on how a person
//! reaches the dashboard: `LABEL.localhost` at the machine itself, `LABEL.DOMAIN` where the operator
//! has a domain for printers, `ll-LABEL.local` in the hub's own network, and where no name leads here,
//! a port of its own, if the operator wants that.
//!
//! Everything here is decided from what the operator configured and from the address at which a
//! connection arrived, never from what a visitor claims.

mod domain;
mod here;
mod label;
mod mdns;
mod ports;

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::atomic::{AtomicBool, Ordering},
};

pub use domain::{Domain, InvalidDomain};
pub(crate) use here::{HOME, is_here, is_shared};
pub(crate) use label::is_label;
pub(crate) use mdns::Announcer;
pub(crate) use ports::Ports;
pub use ports::{InvalidPorts, PortRange};

use edge::Asked;

use crate::{Config, config};
use here::LOCALHOST;

const MDNS_PREFIX: &str = "ll-";
const MDNS_SUFFIX: &str = ".local";
/// Endings of names that a home's own router or mDNS gives out, besides names without a dot.
const LAN_ENDINGS: [&str; 3] = [".local", ".lan", ".home.arpa"];

/// How a printer's origin is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// `LABEL.localhost`.
    Localhost,
    /// `LABEL.DOMAIN`.
    Domain,
    /// `ll-LABEL.local`.
    Mdns,
    /// The dashboard's own name, and a port of the printer's own.
    Port,
}

/// Why printers can't be named as the operator wants.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidOrigins {
    /// The domain is none for printers.
    #[error(transparent)]
    Domain(#[from] InvalidDomain),
    /// The ports are none for printers.
    #[error(transparent)]
    Ports(#[from] InvalidPorts),
}

/// Why printers can't be opened from a dashboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unavailable {
    /// The dashboard's name is no name of the hub's own network, and printers have no domain.
    #[error(
        "From this address printers open only when they have a domain of their own (\"domain\" \
         in [hub.origins]). In the hub's own network, use the dashboard by the hub's address there."
    )]
    NoDomain,
    /// The operator switched mDNS off.
    #[error(
        "This hub publishes no names for printers in this network (\"mdns = false\"). Use the \
         dashboard as https://layerlock.localhost on the machine that runs Layerlock."
    )]
    MdnsOff,
    /// The system doesn't let us publish names.
    #[error(
        "This hub couldn't publish names for printers in this network; its log says why. Use the \
         dashboard as https://layerlock.localhost on the machine that runs Layerlock."
    )]
    NotPublished,
    /// Printers are told apart by ports, and this one has none.
    #[error(
        "This printer has no port. All ports in [hub.origins] may have been given out: none is used \
         for a second printer, so name more of them. The hub's log says more."
    )]
    NoPort,
    /// Printers of different owners would share a cookie jar.
    #[error(
        "You may use printers of different owners, and at this address printers are not separated \
         from each other. Ask whoever runs this hub to give printers a domain."
    )]
    SeveralOwners,
}

/// The names of a hub and of its printers.
#[derive(Debug)]
pub(crate) struct Origins {
    /// The hub's own, in lower case and without a port.
    names: Vec<String>,
    /// The first one that the operator configured.
    first: Option<String>,
    domain: Option<Domain>,
    mdns: bool,
    /// Whether the dashboard answers to `localhost` itself.
    bare_localhost: bool,
    ports: Option<Ports>,
    /// Whether publishing has failed.
    unpublished: AtomicBool,
}

impl Origins {
    /// Reads them from the configuration, together with what this machine calls itself.
    pub(crate) fn of(config: &Config) -> Result<Self, InvalidOrigins> {
        let configured = || config.names.iter().map(|name| name.trim().to_ascii_lowercase());
        let mut names = edge::names::own_names();
        names.push(HOME.to_owned());
        names.extend(configured());
        names.sort_unstable();
        names.dedup();
        let domain = config.origins.domain.clone();
        if let Some(domain) = &domain {
            domain.check(configured().next().is_some(), &names)?;
        }
        if let Some(ports) = &config.origins.ports {
            ports.check(&[config.listen.https.port(), config.listen.http.port()])?;
        }
        let ports = config.origins.ports.clone().map(Ports::new);
        let config::Origins { mdns, bare_localhost, .. } = config.origins;
        let (first, unpublished) = (configured().next(), AtomicBool::new(false));
        Ok(Self { names, first, domain, mdns, bare_localhost, ports, unpublished })
    }

    /// The hub's own names and addresses.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether a name or address is the hub's own, for a connection that arrived at `local`.
    pub(crate) fn is_own(&self, name: &str, local: SocketAddr) -> bool {
        if is_shared(name) {
            return self.bare_localhost;
        }
        let literal = name.parse::<IpAddr>().ok().map(|address| address.to_canonical());
        literal == Some(local.ip().to_canonical()) || self.names.iter().any(|own| own == name)
    }

    /// The dashboard's usual name at the machine itself.
    pub(crate) const fn home(&self) -> &'static str {
        home_if(self.bare_localhost)
    }

    /// The label in a printer's name, and which way it is named; `None` for any other name.
    /// Whether there is such a printer is for the store to say.
    pub(crate) fn read<'a>(&self, name: &'a str, local: SocketAddr) -> Option<(&'a str, Way)> {
        let in_domain = self.domain.as_ref().and_then(|domain| below(name, domain.as_str()));
        let found = below(name, LOCALHOST)
            .map(|label| (label, Way::Localhost))
            .or(in_domain.map(|label| (label, Way::Domain)))
            .or_else(|| Some((self.published(name, local)?, Way::Mdns)));
        found.filter(|(label, _)| is_label(label))
    }

    fn published<'a>(&self, name: &'a str, local: SocketAddr) -> Option<&'a str> {
        let here = self.publishes() && edge::names::is_private(local.ip());
        name.strip_prefix(MDNS_PREFIX)?.strip_suffix(MDNS_SUFFIX).filter(|_| here)
    }

    /// Whether names are to be published in the hub's own network.
    pub(crate) const fn publishes(&self) -> bool {
        self.mdns && self.domain.is_none()
    }

    /// Notes that names couldn't be published.
    pub(crate) fn not_published(&self) {
        self.unpublished.store(true, Ordering::Relaxed);
    }

    /// Which way printers are named for somebody who reached the dashboard like this.
    pub(crate) fn way(&self, asked: &Asked) -> Result<Way, Unavailable> {
        let name = asked.name();
        // Who stays at the shared name may not know those below it.
        if is_here(&name) && !(is_shared(&name) && self.ports.is_some()) {
            return Ok(Way::Localhost);
        }
        if self.domain.is_some() && !is_shared(&name) {
            return Ok(Way::Domain);
        }
        let refused = [
            (!is_lan(&name) || is_shared(&name), Unavailable::NoDomain),
            (!self.mdns, Unavailable::MdnsOff),
            (self.unpublished.load(Ordering::Relaxed), Unavailable::NotPublished),
        ];
        let refused = refused.into_iter().find(|(so, _)| *so);
        match (refused, &self.ports) {
            (None, _) => Ok(Way::Mdns),
            (Some(_), Some(_)) => Ok(Way::Port),
            (Some((_, why)), None) => Err(why),
        }
    }

    /// The ports that tell printers apart, if any do.
    pub(crate) const fn ports(&self) -> Option<&Ports> {
        self.ports.as_ref()
    }

    /// The origin of a printer for somebody who reached the dashboard like this.
    pub(crate) fn origin(
        &self,
        label: &str,
        way: Way,
        asked: &Asked,
    ) -> Result<String, Unavailable> {
        if way != Way::Port {
            let host = self.host(label, way);
            return Ok(format!("https://{host}{}", asked.port_suffix()));
        }
        let port = self.ports.as_ref().and_then(|ports| ports.port(label));
        let port = port.ok_or(Unavailable::NoPort)?;
        Ok(format!("https://{}:{port}", in_url(&asked.name())))
    }

    /// The name of a printer's origin.
    pub(crate) fn host(&self, label: &str, way: Way) -> String {
        match (way, &self.domain) {
            (Way::Domain, Some(domain)) => format!("{label}.{domain}"),
            (Way::Mdns, _) => format!("{MDNS_PREFIX}{label}{MDNS_SUFFIX}"),
            (Way::Localhost | Way::Domain | Way::Port, _) => format!("{label}.{LOCALHOST}"),
        }
    }

    /// Every name that a printer's origin has, for certificates.
    pub(crate) fn hosts(&self, label: &str) -> Vec<String> {
        let domain = self.domain.as_ref().map(|_| Way::Domain);
        let mdns = self.publishes().then_some(Way::Mdns);
        let ways = [Some(Way::Localhost), domain, mdns];
        ways.into_iter().flatten().map(|way| self.host(label, way)).collect()
    }

    /// Whether the dashboard that people are sent to from a printer's origin is surely this one.
    pub(crate) fn is_usual(&self, name: &str, way: Way) -> bool {
        match way {
            Way::Localhost => name == self.home(),
            Way::Domain => self.first.as_deref() == Some(name),
            Way::Mdns => false,
            Way::Port => true,
        }
    }

    /// The host of the dashboard to which a printer's origin sends people who came to it some
    /// other way: one known name, as it stands in a URL.
    pub(crate) fn dashboard(&self, way: Way, local: SocketAddr) -> String {
        match (way, &self.first) {
            (Way::Domain, Some(first)) => in_url(first),
            (Way::Mdns, _) => in_url(&local.ip().to_canonical().to_string()),
            (Way::Localhost | Way::Domain | Way::Port, _) => self.home().to_owned(),
        }
    }
}

/// The dashboard's usual name at the machine itself, with these settings.
pub(crate) const fn home(config: &config::Origins) -> &'static str {
    home_if(config.bare_localhost)
}

const fn home_if(bare_localhost: bool) -> &'static str {
    if bare_localhost { LOCALHOST } else { HOME }
}

/// A host name or address as it stands in a URL.
pub(crate) fn in_url(name: &str) -> String {
    match name.parse::<Ipv6Addr>() {
        Ok(address) => format!("[{address}]"),
        Err(_) => name.to_owned(),
    }
}

/// The part of `name` before `.parent`.
fn below<'a>(name: &'a str, parent: &str) -> Option<&'a str> {
    name.strip_suffix(parent)?.strip_suffix('.')
}

/// Whether a name leads to the hub inside its own network only.
fn is_lan(name: &str) -> bool {
    match name.parse::<IpAddr>() {
        Ok(address) => edge::names::is_private(address),
        Err(_) => !name.contains('.') || LAN_ENDINGS.iter().any(|ending| name.ends_with(ending)),
    }
}

#[cfg(test)]
mod tests;
