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

/// The networks that this machine is in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LocalNetworks {
    /// Those of a home or workshop.
    pub home: Vec<LocalNetwork>,
    /// Those of containers, virtual machines and VPNs. They hold no printers, or other people's, and
    /// are looked at only if somebody names them.
    pub left_out: Vec<LocalNetwork>,
}

/// The private IPv4 networks that this machine is in, each once. IPv6 networks are too large to be
/// looked through.
pub fn local_networks() -> LocalNetworks {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let addresses = interfaces.into_iter().filter_map(|interface| match interface.addr {
        if_addrs::IfAddr::V4(v4) => Some((interface.name, v4.ip, v4.prefixlen)),
        if_addrs::IfAddr::V6(_) => None,
    });
    sorted(addresses)
}

fn sorted(addresses: impl Iterator<Item = (String, Ipv4Addr, u8)>) -> LocalNetworks {
    let mut found = LocalNetworks::default();
    for (interface, own, prefix) in addresses {
        let Some((network, cut)) = around(own, prefix) else { continue };
        let list = if is_virtual(&interface) { &mut found.left_out } else { &mut found.home };
        if list.iter().all(|known| known.network != network) {
            list.push(LocalNetwork { interface, own, network, cut });
        }
    }
    found
}

/// Whether an interface leads to containers, virtual machines or a VPN, by its name. `br-` with
/// twelve hexadecimal digits is Docker's; `br-lan` and `br0` are people's own.
fn is_virtual(interface: &str) -> bool {
    const PREFIXES: [&str; 25] = [
        "docker",
        "veth",
        "cni",
        "podman",
        "virbr",
        "lxcbr",
        "lxdbr",
        "incusbr",
        "flannel",
        "cali",
        "nerdctl",
        "vmnet",
        "vboxnet",
        "bridge100",
        "tun",
        "tap",
        "utun",
        "wg",
        "tailscale",
        "zt",
        "ppp",
        "ipsec",
        "nebula",
        "nordlynx",
        "proton",
    ];
    let dockers =
        |digits: &str| digits.len() == 12 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    PREFIXES.iter().any(|prefix| interface.starts_with(prefix))
        || interface.strip_prefix("br-").is_some_and(dockers)
}

fn around(own: Ipv4Addr, prefix: u8) -> Option<(IpNet, bool)> {
    let is_lan = own.is_private() && !IpAddr::V4(own).is_loopback();
    let network = Ipv4Net::new(own, prefix.max(PREFIX)).ok()?.trunc();
    is_lan.then_some((IpNet::V4(network), prefix < PREFIX))
}

#[cfg(test)]
mod tests {
    use super::*;

    // covers: XA-1
    #[test]
    fn containers_and_vpns_fill_the_audit() {
        let virtuals = ["docker0", "br-0123456789ab", "veth1a2b", "wg0", "tun0", "tailscale0"];
        let names = virtuals.into_iter().chain(["eth0", "br-lan", "br0", "wlan0"]);
        let numbered = (1..).zip(names);
        let found = sorted(
            numbered.map(|(number, name)| (name.to_owned(), Ipv4Addr::new(10, 0, number, 1), 24)),
        );
        let names = |networks: &[LocalNetwork]| -> Vec<_> {
            networks.iter().map(|local| local.interface.clone()).collect()
        };
        assert_eq!(names(&found.left_out), virtuals);
        assert_eq!(names(&found.home), ["eth0", "br-lan", "br0", "wlan0"]);
    }

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
