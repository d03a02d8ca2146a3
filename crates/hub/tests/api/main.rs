//! The whole router of a hub with a real store: what the API answers, and what attackers get.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what the tests share is a test too"
)]

mod agents;
mod bodies;
mod cross_site;
mod events;
mod exposure;
mod health;
mod house;
mod links;
mod metrics;
mod openapi;
mod password;
mod printers;
mod routes;
mod serving;
mod sessions;
mod setup;
mod sign_in;
mod warnings;
