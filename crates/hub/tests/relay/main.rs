//! The relay with everything behind it: a hub with a real store, and an agent's end of a real
//! tunnel at which the test plays agent and printer.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what the tests share is a test too"
)]

mod agents;
mod attacks;
mod browser;
mod bulk;
mod cookies;
mod hand_over;
mod leases;
mod links;
mod notices;
mod origins;
mod outages;
mod ports;
mod printer_side;
mod relaying;
mod shared_names;
mod sockets;
mod streams;
mod tunnels_in_websockets;
mod workshop;
