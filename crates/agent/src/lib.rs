//! The agent: it stands beside the printers, dials out to its hub, and lets through what the hub
//! relays, to the printers that it was told about and to nothing else.
//!
//! What an agent may reach is written in its own configuration ([`Home`]); the hub names printer
//! ids and never addresses. Addresses must be at home ([`mod@address`]), are resolved once and
//! pinned. Inside the tunnel the agent is an HTTP server ([`run()`]); how it came to know its hub
//! is [`link()`].

pub mod address;
mod addresses;
mod choices;
mod closed;
mod discovery;
mod error;
mod forget;
mod home;
mod hub;
mod hub_keys;
mod inside;
mod lineage;
mod link;
mod lock;
mod login;
mod machine;
mod member;
mod printers;
mod private_file;
mod routes;
mod run;
mod supervisor;
mod transport;
mod visitor;

pub use choices::InvalidChoice;
pub use closed::Closed;
pub use discovery::{OCTOPRINT_CANDIDATES, find_octoprint};
pub use error::Error;
pub use forward::{
    BaseUrl, InvalidUrl,
    path::{InvalidPrefix, Prefix},
};
pub use home::Home;
pub use hub::{Hub, HubUrl, InvalidHubUrl, dial_tcp};
pub use inside::ERROR_HEADER;
#[doc(hidden)]
pub use inside::sockets::fuzzing;
pub use lineage::Lineage;
pub use link::{Linked, Progress, link};
pub use machine::Machine;
pub use printers::{Entry, InvalidPrinter, NewPrinter, Printers, Route};
pub use run::{Agent, Status, run};
pub use transport::{InvalidTransport, Transport};
