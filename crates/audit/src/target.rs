//! What a person points the audit at, and the addresses behind it.

use std::{
    collections::BTreeMap,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
    time::Duration,
};

use futures_util::future::BoxFuture;
use ipnet::IpNet;
use tokio::time::timeout;

use crate::{Error, PRINTER_PORTS, Port, Scope, Skipped, Subject, limits};

/// How long a name may take to resolve.
const RESOLVE: Duration = Duration::from_secs(5);
/// Addresses of one name that are looked at.
const ADDRESSES_OF_A_NAME: usize = 8;

/// A host, a port of a host, or a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// An address, and the only port to look at if one was named.
    Address(IpAddr, Option<u16>),
    /// A name, and the only port to look at if one was named.
    Name(String, Option<u16>),
    /// Every address of a network.
    Network(IpNet),
}

/// Where addresses of names come from.
pub trait Names: Send + Sync {
    /// Looks a name up.
    fn addresses(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// From this machine's resolver.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemNames;

impl Names for SystemNames {
    fn addresses(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            // Below this name is this machine only (RFC 6761), whatever a resolver says.
            if name.trim_end_matches('.').to_ascii_lowercase().ends_with(".localhost") {
                return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
            }
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

impl FromStr for Target {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Ok(Self::Address(address.to_canonical(), None));
        }
        if let Ok(address) = text.parse::<SocketAddr>()
            && address.port() != 0
        {
            return Ok(Self::Address(address.ip().to_canonical(), Some(address.port())));
        }
        if let Ok(network) = text.parse::<IpNet>() {
            return Ok(Self::Network(network.trunc()));
        }
        named(text).ok_or_else(|| Error::NoTarget(crate::Foreign::new(text).to_string()))
    }
}

fn named(text: &str) -> Option<Target> {
    let (name, port) = match text.split_once(':') {
        Some((name, port)) => (name, Some(port.parse::<u16>().ok().filter(|port| *port != 0)?)),
        None => (text, None),
    };
    let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    // What begins with a digit in its last part is a mistyped address, which some resolvers read
    // in surprising ways (127.1, 0x7f000001).
    let last = name.trim_end_matches('.').rsplit('.').next()?;
    let is_name = !name.is_empty()
        && name.len() <= 253
        && name.chars().all(letters)
        && last.starts_with(|c: char| c.is_ascii_alphabetic());
    is_name.then(|| Target::Name(name.to_owned(), port))
}

impl Target {
    /// How many addresses it stands for; a name counts as one.
    pub fn size(&self) -> usize {
        match self {
            Self::Address(..) | Self::Name(..) => 1,
            Self::Network(network) => {
                let bits = network.max_prefix_len().saturating_sub(network.prefix_len());
                1_usize.checked_shl(bits.into()).filter(|size| *size != 0).unwrap_or(usize::MAX)
            }
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Address(address, None) => address.fmt(f),
            Self::Address(address, Some(port)) => SocketAddr::new(*address, *port).fmt(f),
            Self::Name(name, None) => f.write_str(name),
            Self::Name(name, Some(port)) => write!(f, "{name}:{port}"),
            Self::Network(network) => network.fmt(f),
        }
    }
}

/// The hosts behind targets, each once, and what isn't looked at.
pub(crate) struct Resolved {
    pub(crate) subjects: Vec<Subject>,
    pub(crate) skipped: Vec<Skipped>,
}

/// Refuses more addresses than one audit looks at, before any is made.
pub(crate) fn check_size(targets: &[Target]) -> Result<(), Error> {
    let size = targets.iter().fold(0, |sum: usize, target| sum.saturating_add(target.size()));
    if size > limits::MAX_ADDRESSES { Err(Error::TooMany) } else { Ok(()) }
}

/// Looks names up, and judges every address.
pub(crate) async fn resolve(targets: &[Target], scope: Scope, names: &dyn Names) -> Resolved {
    let mut hosts = Hosts { scope, found: BTreeMap::new(), skipped: Vec::new() };
    for target in targets {
        match target {
            Target::Address(address, port) => hosts.add(target, *address, None, *port),
            Target::Network(network) => hosts.add_network(target, network),
            Target::Name(name, port) => match look_up(name, names).await {
                Ok(addresses) => {
                    for address in addresses {
                        hosts.add(target, address.to_canonical(), Some(name), *port);
                    }
                }
                Err(reason) => hosts.skip(target, reason),
            },
        }
    }
    Resolved { subjects: hosts.found.into_values().collect(), skipped: hosts.skipped }
}

async fn look_up(name: &str, names: &dyn Names) -> Result<Vec<IpAddr>, String> {
    match timeout(RESOLVE, names.addresses(name.to_owned())).await {
        Ok(Ok(found)) if found.is_empty() => Err("the name has no address".to_owned()),
        Ok(Ok(found)) => Ok(found.into_iter().take(ADDRESSES_OF_A_NAME).collect()),
        Ok(Err(_)) => Err("the name can't be resolved".to_owned()),
        Err(_) => Err("the name took too long to resolve".to_owned()),
    }
}

struct Hosts {
    scope: Scope,
    found: BTreeMap<(IpAddr, Option<u16>), Subject>,
    skipped: Vec<Skipped>,
}

impl Hosts {
    fn add(&mut self, target: &Target, address: IpAddr, name: Option<&str>, port: Option<u16>) {
        let place = match self.scope.place(address) {
            Ok(place) => place,
            Err(refusal) => return self.skip(target, format!("{address}: {refusal}")),
        };
        let ports = port.map_or_else(|| PRINTER_PORTS.to_vec(), |port| vec![Port::named(port)]);
        let name = name.map(str::to_owned);
        let subject = Subject { address, name, ports, place };
        self.found.entry((address, port)).or_insert(subject);
    }

    /// A network that isn't looked at is one line, not a thousand.
    fn add_network(&mut self, target: &Target, network: &IpNet) {
        let before = self.skipped.len();
        for address in network.hosts() {
            self.add(target, address.to_canonical(), None, None);
            if self.skipped.len() > before {
                return;
            }
        }
    }

    fn skip(&mut self, target: &Target, reason: String) {
        self.skipped.push(Skipped { target: target.to_string(), reason });
    }
}

#[cfg(test)]
mod tests;
