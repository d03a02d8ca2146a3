//! Networks of addresses, as people list them. Everyone's is none: a list that holds every address
//! would let strangers in where it was meant for those at home.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use super::Doubt;

/// Addresses and networks. IPv4 is the same, whichever way it is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(Vec<IpNet>);

/// Why a text or a list is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidNetwork {
    /// Neither an address nor a network.
    #[error("`{0}` is no address and no network like 192.168.1.0/24 or fd00::/64")]
    Malformed(String),
    /// All addresses, or so nearly that it makes no difference.
    #[error(
        "`{0}` is every address there is, or a large part of the internet; list the networks of your home"
    )]
    Everyone(String),
    /// A zone id (`fe80::1%eth0`), which no address of a visitor has.
    #[error("`{0}` has a zone id; write the address without what follows the percent sign")]
    Zone(String),
}

/// The largest networks that exist at home: `10.0.0.0/8` and `fc00::/7` (RFC 1918, RFC 4193).
const LARGEST: (u8, u8) = (8, 7);

impl Networks {
    /// Reads addresses and networks. The bits behind a network's prefix don't matter.
    ///
    /// # Errors
    /// The first that can't be read, or that holds everyone.
    pub fn parse<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<Self, InvalidNetwork> {
        let networks: Vec<_> = entries.into_iter().map(network).collect::<Result<_, _>>()?;
        // Parts of everything are everything, too.
        match IpNet::aggregate(&networks).into_iter().find(is_everyone) {
            Some(together) => Err(InvalidNetwork::Everyone(together.to_string())),
            None => Ok(Self(networks)),
        }
    }

    /// Whether an address is in one of them, as far as it may be believed. Without any doubt, an
    /// address that [hides][hidden_in] one of IPv4 is in that one's networks, too.
    pub fn contain(&self, address: IpAddr, doubt: Doubt) -> bool {
        let address = address.to_canonical();
        let counts = |network: &&IpNet| match doubt {
            Doubt::None | Doubt::Hidden => true,
            Doubt::UnlessAlone => network.prefix_len() == network.max_prefix_len(),
            Doubt::Always => false,
        };
        let hidden = hidden_in(address).filter(|_| doubt == Doubt::None).map(IpAddr::V4);
        let mut counting = self.0.iter().filter(counts);
        counting.any(|network| {
            network.contains(&address) || hidden.is_some_and(|it| network.contains(&it))
        })
    }

    /// Whether an address is in one of them that doesn't list it alone.
    pub fn covers(&self, address: IpAddr) -> bool {
        self.contain(address, Doubt::None) && !self.contain(address, Doubt::UnlessAlone)
    }

    /// The networks.
    pub fn iter(&self) -> impl Iterator<Item = &IpNet> {
        self.0.iter()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The IPv4 address that an IPv6 address is made of: 6to4 (`2002::/16`, RFC 3056), IPv4-compatible
/// (`::/96`, RFC 4291), which haproxy looks up in lists of IPv4 (`v6tov4` in its `src/standard.c`),
/// and NAT64 (`64:ff9b::/96`, RFC 6052), which it doesn't. None for mapped ones, which are IPv4.
pub(crate) fn hidden_in(address: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(v6) = address.to_canonical() else { return None };
    let [.., last_but_one, last] = v6.segments();
    let [high, low] = match v6.segments() {
        [0x2002, high, low, ..] => [high, low],
        [0, 0, 0, 0, 0, 0, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => [last_but_one, last],
        _ => return None,
    };
    Some(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
}

fn network(entry: &str) -> Result<IpNet, InvalidNetwork> {
    let entry = entry.trim();
    if entry.contains('%') {
        return Err(InvalidNetwork::Zone(entry.to_owned()));
    }
    let network: IpNet = match entry.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().into(),
        Err(_) => entry.parse().map_err(|_| InvalidNetwork::Malformed(entry.to_owned()))?,
    };
    let network = canonical(network.trunc());
    if is_everyone(&network) || network.addr().is_unspecified() {
        return Err(InvalidNetwork::Everyone(entry.to_owned()));
    }
    Ok(network)
}

fn is_everyone(network: &IpNet) -> bool {
    /// In mapped form; haproxy looks IPv4 addresses up in IPv6 networks so.
    const FIRST_OF_IPV4: IpAddr = IpAddr::V6(Ipv4Addr::UNSPECIFIED.to_ipv6_mapped());
    let least = if network.addr().is_ipv4() { LARGEST.0 } else { LARGEST.1 };
    network.prefix_len() < least || network.contains(&FIRST_OF_IPV4)
}

/// `::ffff:192.168.1.0/120` is `192.168.1.0/24`; no visitor's address is ever of the first form.
fn canonical(network: IpNet) -> IpNet {
    let IpNet::V6(v6) = network else { return network };
    let (Some(v4), Some(prefix)) = (v6.addr().to_ipv4_mapped(), v6.prefix_len().checked_sub(96))
    else {
        return network;
    };
    ipnet::Ipv4Net::new(v4, prefix).map_or(network, IpNet::V4)
}
