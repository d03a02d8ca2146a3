//! The names under which this machine can be reached without asking anyone: for its certificate,
//! and for the addresses that we print.

use std::net::{IpAddr, Ipv4Addr};

pub use crate::client::is_private;

/// More than any home machine has; container hosts can have many.
const MAX_ADDRESSES: usize = 32;

/// `localhost`, the host's name, that name under `.local`, and the addresses of this machine on
/// private IPv4 networks, in a stable order. Private IPv6 addresses are left out: they change
/// daily, and with each change browsers would ask people to trust the certificate again.
pub fn own_names() -> Vec<String> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    names.extend(host_names(&hostname::get().unwrap_or_default().to_string_lossy()));
    let mut addresses: Vec<_> = private_interfaces().into_iter().map(|(_, ip)| ip).collect();
    addresses.sort_unstable();
    addresses.truncate(MAX_ADDRESSES);
    names.extend(addresses.iter().map(ToString::to_string));
    names
}

/// This machine's address in its own network, for people to type into a phone. Addresses of
/// containers, virtual machines and VPNs come last.
pub fn lan_address() -> Option<IpAddr> {
    let mut interfaces = private_interfaces();
    interfaces.sort_by_key(|(name, ip)| (is_virtual(name), *ip));
    interfaces.first().map(|(_, ip)| IpAddr::V4(*ip))
}

fn host_names(host: &str) -> Vec<String> {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    if !is_dns_name(&host) || host == "localhost" {
        return Vec::new();
    }
    let short = host.split('.').next().unwrap_or(&host);
    let local = format!("{short}.local");
    if host == local { vec![local] } else { vec![host, local] }
}

/// Whether a text can stand in a URL and a certificate as a host name (RFC 1123, and underscores,
/// which some machines have).
pub fn is_dns_name(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// Whether an interface of this name and address is one to this machine's own network: private
/// IPv4, and neither loopback nor of containers, virtual machines and VPNs.
pub fn is_lan(interface: &str, address: IpAddr) -> bool {
    let private = is_private(address) && !address.is_loopback();
    private && address.is_ipv4() && !is_virtual(interface)
}

/// Private IPv4 addresses other than loopback, each with the name of its interface.
fn private_interfaces() -> Vec<(String, Ipv4Addr)> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let address = |interface: if_addrs::Interface| match interface.ip() {
        IpAddr::V4(ip) if !ip.is_loopback() && is_private(ip.into()) => Some((interface.name, ip)),
        _ => None,
    };
    interfaces.into_iter().filter_map(address).collect()
}

fn is_virtual(interface: &str) -> bool {
    ["docker", "br-", "veth", "virbr", "vmnet", "vboxnet", "tun", "tap", "wg", "cni", "podman"]
        .iter()
        .any(|prefix| interface.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_a_name_of_its_own_and_one_under_local() {
        assert_eq!(host_names("OctoPi"), ["octopi", "octopi.local"]);
        assert_eq!(host_names("octopi.lan."), ["octopi.lan", "octopi.local"]);
        assert_eq!(host_names("octopi.local"), ["octopi.local"]);
        for odd in ["", "localhost", "my printer", "a..b", "-a"] {
            assert!(host_names(odd).is_empty(), "{odd}");
        }
    }

    #[test]
    fn the_own_names_are_private_and_always_hold_localhost() {
        let names = own_names();
        assert_eq!(names[..3], ["localhost", "127.0.0.1", "::1"]);
        let addresses = names.iter().filter_map(|name| name.parse::<IpAddr>().ok());
        assert!(addresses.into_iter().all(is_private));
    }

    #[test]
    fn container_networks_come_last() {
        assert!(is_virtual("docker0") && is_virtual("br-1f00") && !is_virtual("eth0"));
    }

    #[test]
    fn the_own_network_is_private_and_real() {
        let lan = |interface, address: &str| is_lan(interface, address.parse().unwrap());
        assert!(lan("eth0", "192.168.1.5") && lan("wlan0", "10.0.0.7"));
        for (interface, address) in [
            ("eth0", "203.0.113.9"),
            ("lo", "127.0.0.1"),
            ("docker0", "172.17.0.1"),
            ("tun0", "10.8.0.1"),
            ("eth0", "fd00::5"),
        ] {
            assert!(!lan(interface, address), "{interface} {address}");
        }
    }
}
