//! The hub: accounts and sessions, one policy, the API that the dashboard uses, and the relay to
//! printers. A request passes the same gates in the same order everywhere: who asks, may they,
//! and only then which tunnel.

pub mod admin;
pub mod config;

mod api;
mod choices;
mod exposure;
mod hashing;
mod inventory;
mod metrics;
mod openapi;
mod origins;
mod pages;
mod policy;
mod problem;
mod proxies;
mod relay;
pub mod rotation;
mod serve;
mod session;
mod state;
mod tunnels;

pub use config::Config;
pub use openapi::openapi_json;
pub use serve::{BuildError, Hub, Parts, database_url};
