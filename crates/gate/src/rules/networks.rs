//! Networks of addresses, as people list them. Everyone's is none: a list that holds every address
//! would let strangers in where it was meant for those at home.

use std::net::IpAddr;

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

    /// Whether an address is in one of them, as far as it may be believed.
    pub fn contain(&self, address: IpAddr, doubt: Doubt) -> bool {
        let address = address.to_canonical();
        let counts = |network: &&IpNet| match doubt {
            Doubt::None => true,
            Doubt::UnlessAlone => network.prefix_len() == network.max_prefix_len(),
            Doubt::Always => false,
        };
        self.0.iter().filter(counts).any(|network| network.contains(&address))
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
    let least = if network.addr().is_ipv4() { LARGEST.0 } else { LARGEST.1 };
    network.prefix_len() < least
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
