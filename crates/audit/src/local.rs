//! The networks that this machine is in, for an audit of no particular host.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};

/// The largest network that is looked at as a whole; of larger ones, the part around this machine.
const PREFIX: u8 = 24;

/// A network that this machine is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalNetwork {
    /// What the system calls the way there.
    pub interface: String,
    /// This machine's own address in it.
    pub own: Ipv4Addr,
    /// What is looked at.
    pub network: IpNet,
    /// Whether the network is larger than what is looked at.
    pub cut: bool,
}

/// The private IPv4 networks that this machine is in, each once. IPv6 networks are too large to be
/// looked through.
pub fn local_networks() -> Vec<LocalNetwork> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let mut found: Vec<LocalNetwork> = Vec::new();
    for interface in interfaces {
        let if_addrs::IfAddr::V4(v4) = &interface.addr else { continue };
        let Some(network) = around(v4.ip, v4.prefixlen) else { continue };
        if found.iter().all(|known| known.network != network.0) {
            let (network, cut) = network;
            found.push(LocalNetwork { interface: interface.name, own: v4.ip, network, cut });
        }
    }
    found
}

fn around(own: Ipv4Addr, prefix: u8) -> Option<(IpNet, bool)> {
    let is_lan = own.is_private() && !IpAddr::V4(own).is_loopback();
    let network = Ipv4Net::new(own, prefix.max(PREFIX)).ok()?.trunc();
    is_lan.then_some((IpNet::V4(network), prefix < PREFIX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_networks_are_cut_and_others_left_out() {
        let shown = |own: [u8; 4], prefix| {
            around(own.into(), prefix).map(|(network, cut)| (network.to_string(), cut))
        };
        assert_eq!(shown([192, 168, 1, 7], 24), Some(("192.168.1.0/24".to_owned(), false)));
        assert_eq!(shown([10, 1, 2, 3], 8), Some(("10.1.2.0/24".to_owned(), true)));
        assert_eq!(shown([127, 0, 0, 1], 8), None);
        assert_eq!(shown([203, 0, 113, 7], 24), None);
    }
}
