//! The gate: one printer's web pages behind a locked door. Whoever stands outside the home network
//! needs a user name and a password; whoever is inside needs none. The gate has no hazard guard:
//! whom it lets in, it lets do everything.
//!
//! [`Config`] says it all, and two things make one: settings of our own, or the file of the proxy
//! that people used before.

mod config;
pub mod rules;
mod users;

pub use config::{Backend, Config, Listen, Rewrite, Route};
pub use users::{User, UserList};
