//! The gate: one printer's web pages behind a locked door. Whoever stands outside the home network
//! needs a user name and a password; whoever is inside needs none. The gate has no hazard guard:
//! whom it lets in, it lets do everything.
//!
//! [`Config`] says it all, and two things make one: [`Settings`] of our own, or the file of the
//! proxy that people used before. [`Gate`] serves it.

mod answer;
mod basic;
mod config;
mod door;
mod error;
#[doc(hidden)]
pub mod fuzzing;
mod gate;
pub mod haproxy;
mod onward;
mod pass;
mod passwords;
mod rulebook;
pub mod rules;
mod same_password;
mod settings;
mod surroundings;
mod users;
mod visitor;

pub use config::{Backend, Config, Listen, Rewrite, Route};
pub use error::Error;
pub use forward::BaseUrl;
pub use gate::{Gate, Parts, Patience};
pub use settings::{HashText, REFERENCE, Settings};
pub use surroundings::Surroundings;
pub use users::{User, UserList};
