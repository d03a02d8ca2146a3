//! Whom an address stands for. Limits count people, and a person has more than one address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The addresses that one household or one rented machine has: one of IPv4, a /64 of IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Network(IpAddr);

/// The addresses that are cheap to have together: a /24 of IPv4, a /48 of IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Neighbourhood(IpAddr);

impl Network {
    /// The network of an address. IPv4 is the same, whichever way it is written.
    pub fn of(address: IpAddr) -> Self {
        Self(first_bits(address, 32, 64))
    }

    /// What lies around it.
    pub fn neighbourhood(self) -> Neighbourhood {
        Neighbourhood(first_bits(self.0, 24, 48))
    }
}

fn first_bits(address: IpAddr, of_v4: u32, of_v6: u32) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let mask = u32::MAX << (Ipv4Addr::BITS - of_v4);
            Ipv4Addr::from_bits(v4.to_bits() & mask).into()
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX << (Ipv6Addr::BITS - of_v6);
            Ipv6Addr::from_bits(v6.to_bits() & mask).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(address: &str) -> Network {
        Network::of(address.parse().unwrap())
    }

    #[test]
    fn addresses_that_one_person_has_are_one_network() {
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_eq!(network("192.0.2.1"), network("::ffff:192.0.2.1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
    }

    #[test]
    fn networks_that_are_cheap_to_have_together_are_one_neighbourhood() {
        let around = |address| network(address).neighbourhood();
        assert_eq!(around("2001:db8::1"), around("2001:db8:0:ffff::1"));
        assert_ne!(around("2001:db8::1"), around("2001:db8:1::1"));
        assert_eq!(around("192.0.2.1"), around("192.0.2.255"));
        assert_ne!(around("192.0.2.1"), around("192.0.3.1"));
    }
}
