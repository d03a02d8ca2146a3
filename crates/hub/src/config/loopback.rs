//! An address that only this machine reaches, for what asks nobody who they are.

use std::{net::SocketAddr, str::FromStr};

use serde::{Deserialize, Serialize};

/// A loopback address and port, such as `127.0.0.1:9464`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Loopback(SocketAddr);

/// Why an address is no [`Loopback`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotLoopback {
    /// It is no address and port at all.
    #[error("{0:?} is no address and port; write it like \"127.0.0.1:9464\"")]
    Malformed(String),
    /// Other machines could reach it.
    #[error("{0} can be reached by other machines; use a loopback address like 127.0.0.1")]
    Reachable(SocketAddr),
}

impl Loopback {
    /// The address.
    pub const fn address(self) -> SocketAddr {
        self.0
    }
}

impl FromStr for Loopback {
    type Err = NotLoopback;

    fn from_str(text: &str) -> Result<Self, NotLoopback> {
        let malformed = |_| NotLoopback::Malformed(text.to_owned());
        let address: SocketAddr = text.parse().map_err(malformed)?;
        if address.ip().is_loopback() {
            Ok(Self(address))
        } else {
            Err(NotLoopback::Reachable(address))
        }
    }
}

impl TryFrom<String> for Loopback {
    type Error = NotLoopback;

    fn try_from(text: String) -> Result<Self, NotLoopback> {
        text.parse()
    }
}

impl From<Loopback> for String {
    fn from(Loopback(address): Loopback) -> Self {
        address.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_can_reach_it() {
        assert!("127.0.0.1:9464".parse::<Loopback>().is_ok());
        assert!("[::1]:9464".parse::<Loopback>().is_ok());
        for wrong in ["0.0.0.0:9464", "[::]:9464", "192.168.1.5:9464", "9464", "localhost:9464"] {
            assert!(wrong.parse::<Loopback>().is_err(), "{wrong}");
        }
    }
}
