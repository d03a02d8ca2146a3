//! This machine's place in its networks: which addresses may stand for strangers, and in which
//! networks a person at home would be. A router that forwards a port, and a container's bridge,
//! let every visitor look like one of those at home (GT-4).

mod follow;

use std::{
    fs, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use if_addrs::{IfAddr, Interface};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

pub(crate) use follow::follow;

use crate::rules::{Doubt, Networks, hidden_in};

/// How interfaces of containers and virtual machines begin.
const BRIDGES: [&str; 12] = [
    "docker", "br-", "veth", "cni", "podman", "virbr", "lxcbr", "lxdbr", "incusbr", "flannel",
    "cali", "nerdctl",
];

/// The most networks that are named to a person.
const MAX_NAMED: usize = 16;

/// What is known of this machine's networks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    own: Vec<IpAddr>,
    gateways: Vec<IpAddr>,
    bridges: Vec<IpNet>,
    networks: Vec<(String, IpNet)>,
}

impl Surroundings {
    /// Looks at the interfaces and routes. Blocks on the system.
    ///
    /// # Errors
    /// The system doesn't say.
    pub fn read() -> io::Result<Self> {
        let routes = |path| match fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            read => read,
        };
        let interfaces = if_addrs::get_if_addrs()?;
        let (v4, v6) = (routes("/proc/net/route")?, routes("/proc/net/ipv6_route")?);
        Ok(Self::of(&interfaces, gateways_v4(&v4).chain(gateways_v6(&v6))))
    }

    fn of(interfaces: &[Interface], gateways: impl Iterator<Item = IpAddr>) -> Self {
        let mut found = Self { gateways: gateways.collect(), ..Self::default() };
        for interface in interfaces {
            let Some(network) = network_of(&interface.addr) else { continue };
            found.own.push(interface.ip());
            if BRIDGES.iter().any(|prefix| interface.name.starts_with(prefix)) {
                found.bridges.push(network);
            } else if !interface.is_loopback() {
                found.networks.push((interface.name.clone(), network));
            }
        }
        found
    }

    /// Nothing but a router.
    #[cfg(test)]
    pub(crate) fn with_router(router: IpAddr) -> Self {
        Self { gateways: vec![router], ..Self::default() }
    }

    /// Whether an address may stand for strangers.
    pub fn doubt(&self, address: IpAddr) -> Doubt {
        let address = address.to_canonical();
        let doubtful = address.is_loopback()
            || self.own.contains(&address)
            || self.gateways.contains(&address)
            || self.bridges.iter().any(|bridge| bridge.contains(&address));
        match hidden_in(address) {
            _ if doubtful => Doubt::UnlessAlone,
            Some(_) => Doubt::Hidden,
            None => Doubt::None,
        }
    }

    /// Who is inside, in words, for the person who starts a gate.
    pub fn describe(&self, inside: &Networks) -> Vec<String> {
        let mut words: Vec<_> = inside.iter().map(|network| self.describe_one(network)).collect();
        if words.is_empty() {
            words.push("nobody: everyone needs a user name and a password".to_owned());
        }
        let doubtful: Vec<_> = self.doubtful().filter(|address| inside.covers(*address)).collect();
        for address in doubtful.iter().take(MAX_NAMED) {
            words.push(format!(
                "but not {address}, which may stand for strangers (a gateway, this machine or a \
                 container)"
            ));
        }
        words
    }

    fn describe_one(&self, network: &IpNet) -> String {
        if network.prefix_len() == network.max_prefix_len() {
            return format!("{}, listed alone", network.addr());
        }
        let here = self.networks.iter().find(|(_, own)| network.contains(own));
        let place = match here {
            Some((interface, _)) => format!("this machine's network at {interface}"),
            None => "no network that this machine is in".to_owned(),
        };
        format!("{network}: {} to {} ({place})", network.network(), network.broadcast())
    }

    fn doubtful(&self) -> impl Iterator<Item = IpAddr> {
        let bridges = self.bridges.iter().map(IpNet::addr);
        let all = self.gateways.iter().chain(&self.own).copied().chain(bridges);
        all.filter(|address| !address.is_loopback())
    }
}

fn network_of(address: &IfAddr) -> Option<IpNet> {
    match address {
        IfAddr::V4(v4) => Ipv4Net::with_netmask(v4.ip, v4.netmask).ok().map(IpNet::V4),
        IfAddr::V6(v6) => Ipv6Net::with_netmask(v6.ip, v6.netmask).ok().map(IpNet::V6),
    }
}

/// The routers of `/proc/net/route`: the third column, in hexadecimal, the last byte first.
fn gateways_v4(table: &str) -> impl Iterator<Item = IpAddr> {
    let gateway = |line: &str| {
        let field = line.split_whitespace().nth(2)?;
        let bits = u32::from_str_radix(field, 16).ok().filter(|bits| *bits != 0)?;
        Some(IpAddr::V4(Ipv4Addr::from(bits.to_le_bytes())))
    };
    table.lines().skip(1).filter_map(gateway)
}

/// The routers of `/proc/net/ipv6_route`: the fifth column, in hexadecimal.
fn gateways_v6(table: &str) -> impl Iterator<Item = IpAddr> {
    let gateway = |line: &str| {
        let field = line.split_whitespace().nth(4)?;
        let bits = u128::from_str_radix(field, 16).ok().filter(|bits| *bits != 0)?;
        Some(IpAddr::V6(Ipv6Addr::from_bits(bits)))
    };
    table.lines().filter_map(gateway)
}

#[cfg(test)]
mod tests;
