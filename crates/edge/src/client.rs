//! Who is at the other end: the peer's address, or the one that a proxy reports, if the operator
//! listed that proxy. Everyone else may write into `X-Forwarded-For` what they like; it counts for
//! nothing (SV-4).

use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use http::{HeaderMap, HeaderName, header::VIA};
use ipnet::IpNet;
use serde::Deserialize;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Where proxies and tunnels write for whom they stand.
const CLAIMS: [&str; 9] = [
    "cf-connecting-ip",
    "client-ip",
    "fly-client-ip",
    "forwarded",
    "true-client-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-forwarded-for",
    "x-real-ip",
];
/// More hops than any real chain of proxies; what stands to the left of these is not read.
const MAX_HOPS: usize = 32;

/// What a request came in on. Found among its extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connection {
    /// The visitor, as far as we can trust anyone about it. IPv4 is never written as IPv6.
    pub client: IpAddr,
    /// The other end of the TCP connection: the visitor or the last proxy.
    pub peer: SocketAddr,
    /// Our own end.
    pub local: SocketAddr,
    /// Whether it is encrypted.
    pub secure: bool,
    /// Whether a private address that is no trusted proxy sent forwarding headers: most likely a
    /// proxy that the operator forgot to list.
    pub unlisted_proxy: bool,
    /// Whether headers say that somebody stands between, or for whom, and whoever says so isn't
    /// trusted, at any address: a proxy that the operator forgot to list, one that the visitor
    /// chose, or a visitor who lies.
    pub untrusted_claim: bool,
}

/// The proxies whose word about the client's address counts. By default none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Proxies")]
pub struct TrustedProxies(Vec<IpNet>);

/// Why a list of proxies is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidProxies {
    /// Neither an address nor a network.
    #[error("`{0}` is no address and no network like 10.0.0.0/8")]
    NoNetwork(String),
    /// All addresses, or so nearly that anyone could forge theirs.
    #[error(
        "trusting every address as a proxy lets anyone forge theirs; list the addresses of your own proxies"
    )]
    Everyone,
}

/// How a configuration file may write the list.
#[derive(Deserialize)]
#[serde(untagged)]
enum Proxies {
    Text(String),
    List(Vec<String>),
}

impl TryFrom<Proxies> for TrustedProxies {
    type Error = InvalidProxies;

    fn try_from(proxies: Proxies) -> Result<Self, InvalidProxies> {
        match proxies {
            Proxies::Text(text) => text.parse(),
            Proxies::List(list) => list.join(",").parse(),
        }
    }
}

impl FromStr for TrustedProxies {
    type Err = InvalidProxies;

    /// Reads addresses and networks separated by commas.
    fn from_str(text: &str) -> Result<Self, InvalidProxies> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let networks: Vec<IpNet> = entries.map(network).collect::<Result<_, _>>()?;
        // Two halves of everything are everything, too.
        if IpNet::aggregate(&networks).iter().any(|network| network.prefix_len() == 0) {
            return Err(InvalidProxies::Everyone);
        }
        Ok(Self(networks))
    }
}

fn network(entry: &str) -> Result<IpNet, InvalidProxies> {
    let network: IpNet = match entry.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().into(),
        Err(_) => entry.parse().map_err(|_| InvalidProxies::NoNetwork(entry.to_owned()))?,
    };
    Ok(network.trunc())
}

impl TrustedProxies {
    /// Whether an address is one of them.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Describes what an encrypted request with these headers came in on.
    pub fn connection(
        &self,
        headers: &HeaderMap,
        peer: SocketAddr,
        local: SocketAddr,
    ) -> Connection {
        let from = peer.ip().to_canonical();
        let claims = !self.contains(from) && claims_another_client(headers);
        let unlisted_proxy = is_private(from) && claims;
        let (client, said_more) = self.client(headers, from);
        let passed_on = !self.contains(from) && headers.contains_key(VIA);
        let untrusted_claim = claims || passed_on || said_more;
        Connection { client, peer, local, secure: true, unlisted_proxy, untrusted_claim }
    }

    /// Whether the client to which these headers lead says in `X-Forwarded-For` that it asks for
    /// somebody else: something stands left of it.
    pub fn client_asks_for_another(&self, headers: &HeaderMap, peer: IpAddr) -> bool {
        let (_, more) = self.client(headers, peer.to_canonical());
        more
    }

    /// The right-most hop that is not a trusted proxy. What stands left of it was written by
    /// someone we don't trust; what can't be read ends the search at the proxy that wrote it.
    /// And whether anything stands left of it.
    fn client(&self, headers: &HeaderMap, peer: IpAddr) -> (IpAddr, bool) {
        let mut client = peer;
        let mut hops = hops_from_the_right(headers).take(MAX_HOPS).peekable();
        while self.contains(client)
            && let Some(address) = hops.peek().copied().flatten().and_then(address_of_hop)
        {
            client = address;
            hops.next();
        }
        // Proxies that append to a field which nobody sent leave nothing before the comma.
        let is_somebody = |hop: Option<&str>| hop.is_none_or(|hop| !hop.trim().is_empty());
        (client, hops.any(is_somebody))
    }
}

fn claims_another_client(headers: &HeaderMap) -> bool {
    CLAIMS.iter().any(|name| headers.contains_key(*name))
}

/// The hops of all `X-Forwarded-For` lines, the last one first; `None` for lines that are no text.
fn hops_from_the_right(headers: &HeaderMap) -> impl Iterator<Item = Option<&str>> {
    let lines = headers.get_all(FORWARDED_FOR).iter().rev();
    lines.flat_map(|line| line.to_str().unwrap_or("?").rsplit(',').map(Some))
}

/// Reads `1.2.3.4`, `1.2.3.4:5`, `2001:db8::1`, `[2001:db8::1]` and `[2001:db8::1]:5`.
fn address_of_hop(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    let address = match bare.parse::<IpAddr>() {
        Ok(address) => address,
        Err(_) => hop.parse::<SocketAddr>().ok()?.ip(),
    };
    Some(address.to_canonical())
}

/// Whether an address is of a home, a workshop, or this machine.
pub fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests;
