//! Both ends of a tunnel against each other: over a pipe in memory, and over TLS on a socket.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what the tests share is a test too"
)]

mod budget;
mod ends;
mod hostile;
mod http;
mod life;
mod tls;
mod traps;
mod visitors;
