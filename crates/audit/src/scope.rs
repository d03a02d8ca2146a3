//! Which addresses an audit may look at: those of a home or workshop, and others only if somebody
//! says that they are theirs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whose addresses may be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scope {
    /// Private ones only.
    #[default]
    Private,
    /// Public ones as well: their owner said so.
    Owned,
}

/// Where an address is. The same open door is graver on the Internet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// On a private network or this machine.
    Home,
    /// Anywhere else.
    Internet,
}

/// Why an address isn't looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It isn't private, and nobody said that it is theirs.
    #[error("it is a public address; if it is yours, say so with --i-own-this")]
    Public,
    /// No single machine has it, or it isn't one that anybody owns.
    #[error("no printer can have such an address")]
    NoHost,
    /// Cloud providers answer there with secrets.
    #[error("cloud providers keep secrets at this address, and no printer has it")]
    Metadata,
}

impl Scope {
    /// Whether an address may be looked at. IPv4 written as IPv6 is judged as IPv4.
    ///
    /// # Errors
    /// Why not.
    pub fn place(self, address: IpAddr) -> Result<Place, Refusal> {
        let address = address.to_canonical();
        if let Some(refusal) = never(address) {
            return Err(refusal);
        }
        match (is_private(address), self) {
            (true, _) => Ok(Place::Home),
            (false, Self::Owned) => Ok(Place::Internet),
            (false, Self::Private) => Err(Refusal::Public),
        }
    }
}

/// Addresses that are no host's, even for those who say that they own them.
fn never(address: IpAddr) -> Option<Refusal> {
    const METADATA_V4: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 254);
    const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
    match address {
        IpAddr::V4(METADATA_V4) | IpAddr::V6(METADATA_V6) => Some(Refusal::Metadata),
        IpAddr::V4(v4) if v4.octets()[0] == 0 || v4.octets()[0] >= 224 => Some(Refusal::NoHost),
        IpAddr::V6(v6) if v6.is_unspecified() || v6.is_multicast() || carries_v4(v6) => {
            Some(Refusal::NoHost)
        }
        _ => None,
    }
}

/// NAT64, 6to4, Teredo and IPv4-compatible addresses lead to an IPv4 address that they hide.
fn carries_v4(address: Ipv6Addr) -> bool {
    match address.segments() {
        [0x64, 0xff9b, ..] | [0x2002, ..] | [0x2001, 0, ..] => true,
        [0, 0, 0, 0, 0, 0, high, low] => (high, low) != (0, 1),
        _ => false,
    }
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(scope: Scope, address: &str) -> Result<Place, Refusal> {
        scope.place(address.parse().unwrap())
    }

    // covers: XA-1
    #[test]
    fn public_addresses_take_a_word_however_they_are_written() {
        for public in ["203.0.113.7", "::ffff:203.0.113.7", "2001:db8::1", "100.64.0.1"] {
            assert_eq!(place(Scope::Private, public), Err(Refusal::Public), "{public}");
            assert_eq!(place(Scope::Owned, public), Ok(Place::Internet), "{public}");
        }
        for private in ["10.1.2.3", "172.31.0.1", "192.168.0.1", "127.0.0.1", "::1", "fd12::1"] {
            assert_eq!(place(Scope::Private, private), Ok(Place::Home), "{private}");
        }
        assert_eq!(place(Scope::Private, "::ffff:192.168.1.5"), Ok(Place::Home));
    }

    // covers: XA-1
    #[test]
    fn some_addresses_are_nobodys() {
        let nobodys = ["0.0.0.0", "0.1.2.3", "224.0.0.251", "255.255.255.255", "::", "ff02::1"];
        let hidden = ["64:ff9b::7f00:1", "2002:7f00:1::", "2001::1", "::127.0.0.1"];
        for address in nobodys.into_iter().chain(hidden) {
            assert_eq!(place(Scope::Owned, address), Err(Refusal::NoHost), "{address}");
        }
        for metadata in ["169.254.169.254", "::ffff:169.254.169.254", "fd00:ec2::254"] {
            assert_eq!(place(Scope::Owned, metadata), Err(Refusal::Metadata), "{metadata}");
        }
    }
}
