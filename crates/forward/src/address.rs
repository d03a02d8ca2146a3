//! Which addresses are at home (RL-8), and which visitors are not (RL-5). Printers trust the
//! addresses of their own network, so they must not hear of one whose owner isn't there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Stands for every visitor whose real address would mean something at home (RFC 5737).
pub const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// Whether an address belongs to one machine in a home network: private, unique local,
/// link-local or loopback, but never where clouds keep their metadata.
pub fn is_at_home(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let metadata = address == Ipv4Addr::new(169, 254, 169, 254);
            (address.is_private() || address.is_loopback() || address.is_link_local()) && !metadata
        }
        IpAddr::V6(address) => {
            let metadata = address == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
            let home = address.is_unique_local() || address.is_unicast_link_local();
            (home || address.is_loopback()) && !metadata
        }
    }
}

/// What a printer may hear about a visitor's address: the address if it is one on the internet,
/// else [`STRANGER`]. Printers trust the addresses of their own network, and a hub can claim
/// any; through the tunnel nobody is local.
pub fn shown_to_printers(client: IpAddr) -> IpAddr {
    let client = client.to_canonical();
    if is_on_the_internet(client) { client } else { STRANGER }
}

fn is_on_the_internet(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [first, second, third, _] = address.octets();
            let shared = first == 100 && (64..128).contains(&second);
            let protocol = first == 192 && second == 0 && third == 0;
            let benchmark = first == 198 && (18..20).contains(&second);
            let nowhere = first == 0 || first >= 224;
            let local = is_at_home(address.into()) || address.is_link_local();
            !(local || shared || protocol || benchmark || nowhere)
        }
        IpAddr::V6(address) => {
            let [first, second, ..] = address.segments();
            let global = (0x2000..0x4000).contains(&first);
            let wraps_ipv4 = first == 0x2002 || (first == 0x2001 && second == 0);
            global && !wraps_ipv4
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT_HOME: [&str; 9] = [
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.5",
        "127.0.0.1",
        "169.254.7.7",
        "::1",
        "fe80::1",
        "fd12::1",
        "::ffff:192.168.1.5",
    ];

    const NOT_AT_HOME: [&str; 12] = [
        "8.8.8.8",
        "::ffff:8.8.8.8",
        "172.32.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "fd00:ec2::254",
        "0.0.0.0",
        "::",
        "224.0.0.251",
        "255.255.255.255",
        "2001:4860:4860::8888",
    ];

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    // covers: RL-8
    #[test]
    fn only_one_machine_at_home_is_at_home() {
        assert!(AT_HOME.into_iter().all(|text| is_at_home(ip(text))));
        for text in NOT_AT_HOME {
            assert!(!is_at_home(ip(text)), "{text}");
        }
    }

    // covers: RL-5
    #[test]
    fn nobody_is_local_through_the_tunnel() {
        let more = [
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "198.18.0.1",
            "2002:c0a8:105::1",
            "64:ff9b::a00:1",
        ];
        for text in AT_HOME.into_iter().chain(more) {
            assert_eq!(shown_to_printers(ip(text)), STRANGER, "{text}");
        }
        assert_eq!(shown_to_printers(ip("8.8.8.8")), ip("8.8.8.8"));
        assert_eq!(shown_to_printers(ip("::ffff:8.8.8.8")), ip("8.8.8.8"));
        let v6 = ip("2a00:1450::1");
        assert_eq!(shown_to_printers(v6), v6);
    }
}
