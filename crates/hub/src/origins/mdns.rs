//! Names for printers in the hub's own network (mDNS, RFC 6762), so that a phone there finds
//! `ll-LABEL.local` without a domain or a DNS server. What is announced is the random label and
//! the hub's address and port; nothing about the printer.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use mdns_sd::{IfKind, IfPredicate, ServiceDaemon, ServiceInfo};

use super::{MDNS_PREFIX, MDNS_SUFFIX};

/// mDNS publishes host names as part of a service.
const SERVICE: &str = "_layerlock-page._tcp.local.";
/// How long to wait until the names are withdrawn.
const PATIENCE: Duration = Duration::from_secs(2);

/// On which interfaces names are published: those where visitors from the hub's own network can
/// arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lan {
    /// The one address that the hub listens at, if it isn't every one.
    only: Option<IpAddr>,
}

/// Publishes printers' names until it is dropped, which withdraws them.
pub(crate) struct Announcer {
    daemon: ServiceDaemon,
    lan: Lan,
    port: u16,
    /// By label, the service that holds the name.
    published: HashMap<String, String>,
}

impl Lan {
    /// The network that a hub which listens at this address has; none if only this machine, or
    /// only the internet, can reach it.
    pub(crate) fn of(listening: IpAddr) -> Option<Self> {
        let listening = listening.to_canonical();
        if listening.is_unspecified() {
            return Some(Self { only: None });
        }
        let private = edge::names::is_private(listening) && !listening.is_loopback();
        private.then_some(Self { only: Some(listening) })
    }

    /// Whether names are published on an interface of this name and address.
    pub(crate) fn includes(self, interface: &str, address: IpAddr) -> bool {
        let here = self.only.is_none_or(|only| only == address.to_canonical());
        here && edge::names::is_lan(interface, address)
    }

    fn interfaces(self) -> IfKind {
        IfKind::Predicate(IfPredicate::new(move |interface| {
            self.includes(&interface.name, interface.ip())
        }))
    }
}

impl Announcer {
    /// Begins to answer on the hub's own network; `None` where it has none. Opens sockets, and
    /// sends nothing until there is a name to publish.
    pub(crate) fn new(listening: SocketAddr) -> Result<Option<Self>, mdns_sd::Error> {
        let Some(lan) = Lan::of(listening.ip()) else { return Ok(None) };
        let daemon = ServiceDaemon::new()?;
        let announcer = Self { daemon, lan, port: listening.port(), published: HashMap::new() };
        announcer.daemon.disable_interface(IfKind::All)?;
        announcer.daemon.enable_interface(lan.interfaces())?;
        Ok(Some(announcer))
    }

    /// Publishes the names of these labels and withdraws all others. After an error, call it again:
    /// the daemon takes a bounded number of commands at once.
    pub(crate) fn set(&mut self, labels: &[String]) -> Result<(), mdns_sd::Error> {
        let gone = self.published.iter().filter(|(label, _)| !labels.contains(label));
        let gone: Vec<_> = gone.map(|(label, service)| (label.clone(), service.clone())).collect();
        for (label, service) in gone {
            self.daemon.unregister(&service)?;
            self.published.remove(&label);
        }
        for label in labels {
            if !self.published.contains_key(label) {
                let service = self.publish(label)?;
                self.published.insert(label.clone(), service);
            }
        }
        Ok(())
    }

    fn publish(&self, label: &str) -> Result<String, mdns_sd::Error> {
        let host = format!("{MDNS_PREFIX}{label}{MDNS_SUFFIX}.");
        let properties: &[(&str, &str)] = &[];
        let service = ServiceInfo::new(SERVICE, label, &host, (), self.port, properties)?;
        let mut service = service.enable_addr_auto();
        service.set_interfaces(vec![self.lan.interfaces()]);
        let name = service.get_fullname().to_owned();
        self.daemon.register(service)?;
        Ok(name)
    }
}

impl Drop for Announcer {
    fn drop(&mut self) {
        // The daemon says goodbye for every name before it ends.
        if let Ok(ended) = self.daemon.shutdown() {
            drop(ended.recv_timeout(PATIENCE));
        }
    }
}

#[cfg(test)]
mod tests;
