//! What others on a network can see and do at printers: an audit of addresses that their owner
//! points it at. It only reads (`GET`, and the first words of a protocol), it never tries a
//! password, and it goes to no address that it wasn't sent to: it follows no redirect, takes no
//! proxy, and has limits for everything that answers ([`limits`]). What it hears is untrusted text
//! and becomes a [`Foreign`] before anyone sees it.
//!
//! `layerlock audit` looks around at home with it; the hub looks at a caller's own public address.

mod dial;
mod examine;
mod finding;
mod foreign;
#[doc(hidden)]
pub mod fuzzing;
mod holes;
mod http;
pub mod limits;
mod local;
mod ports;
mod report;
mod router;
mod scope;
mod survey;
mod target;
mod tls;
mod version;

pub use dial::{Dial, Reach, TcpDial};
pub use examine::{Subject, examine, examine_within};
pub use finding::{Finding, Severity};
pub use foreign::Foreign;
pub use local::{LocalNetwork, LocalNetworks, local_networks};
pub use ports::{PRINTER_PORTS, Port};
pub use report::{Host, Mapping, Report, Router, Service, Skipped, Software};
pub use router::{MULTICAST, NotAsked, Routers, map_router};
pub use scope::{Place, Refusal, Scope};
pub use survey::{Event, Survey};
pub use target::{Names, SystemNames, Target};

/// Why an audit can't begin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// What was given is no target.
    #[error(
        "`{0}` is no host, HOST:PORT or network; write for example 192.168.1.20, octopi.local:5000 \
         or 192.168.1.0/24"
    )]
    NoTarget(String),
    /// More addresses than one audit looks at.
    #[error(
        "that is more than {max} addresses, which is the most that one audit looks at; name a \
         smaller network, for example a /24",
        max = limits::MAX_ADDRESSES
    )]
    TooMany,
}
