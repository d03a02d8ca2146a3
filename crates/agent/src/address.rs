//! Which addresses a printer may have (RL-8).
//!
//! An agent that could be talked into opening connections anywhere would be a hole in the home
//! network. So a printer's host must resolve to addresses that only exist there, and the one
//! that was resolved is the one that is used from then on.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

pub use forward::address::is_at_home;
use tokio::{net::lookup_host, time::timeout};

/// How long a name may take to resolve.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why a host can't be a printer's.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// The name has no address.
    #[error("{host} has no address: {source}")]
    Unknown {
        /// The name that was looked up.
        host: String,
        /// What the system said.
        source: io::Error,
    },
    /// The address is on the internet, or means no single machine at home.
    #[error(
        "{host} is at {address}, which is not in a home network; an agent connects only to \
         private addresses (10.x.x.x, 172.16-31.x.x, 192.168.x.x, fdxx:…) and to its own machine"
    )]
    NotAtHome {
        /// The host as it was written.
        host: String,
        /// What it resolved to.
        address: IpAddr,
    },
    /// A route leads to another machine than its printer.
    #[error(
        "the route to {host} leads to another machine than the printer's own address; \
         add it as a printer of its own"
    )]
    OtherMachine {
        /// The route's host.
        host: String,
    },
}

/// Resolves a host once. Every address that it has must be at home; IPv4 is preferred, because
/// most printers speak nothing else.
pub async fn resolve(host: &str, port: u16) -> Result<SocketAddr, AddressError> {
    let unknown = |source| AddressError::Unknown { host: host.to_owned(), source };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let found: Vec<_> = timeout(PATIENCE, lookup_host((bare, port)))
        .await
        .map_err(|_| unknown(io::ErrorKind::TimedOut.into()))?
        .map_err(unknown)?
        .collect();
    if let Some(stray) = found.iter().find(|address| !is_at_home(address.ip())) {
        return Err(AddressError::NotAtHome { host: host.to_owned(), address: stray.ip() });
    }
    let preferred = found.iter().find(|address| address.is_ipv4()).or(found.first());
    preferred.copied().ok_or_else(|| unknown(io::ErrorKind::NotFound.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    // covers: RL-8
    #[tokio::test]
    async fn public_address_as_printer_is_refused() {
        for host in ["8.8.8.8", "[2001:4860:4860::8888]", "169.254.169.254", "0.0.0.0"] {
            let refused = resolve(host, 80).await.unwrap_err();
            assert!(refused.to_string().contains("not in a home network"), "{refused}");
        }
        assert_eq!(resolve("localhost", 80).await.unwrap(), "127.0.0.1:80".parse().unwrap());
        assert_eq!(resolve("[::1]", 80).await.unwrap(), "[::1]:80".parse().unwrap());
    }
}
