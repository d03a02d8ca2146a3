//! A served gate before a server that says what it was asked. Visitors come from 127.0.0.1, which is
//! listed alone where a test wants them inside; the attacks have their names.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "what the tests share is a test too"
)]

mod attacks;
mod reload;
mod rig;
mod slow;
mod visits;
