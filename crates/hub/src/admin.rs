//! What the operator does from the machine that the hub runs on: help people in, say who may use
//! which printer, and print the link for the first account. It works on the store alone, with or
//! without a running hub; a running one notices within seconds.

mod agents;
mod grants;
mod setup;
mod users;

use std::sync::Arc;

use printer::{Clock, Random};
use store::Store;

pub use grants::{GrantRow, NewGrant};
pub(crate) use setup::for_agents;
pub use setup::{SetupLink, origins};
pub use users::NewUser;

/// The operations behind `layerlock user`, `layerlock grant` and `layerlock setup-link`.
pub struct Admin {
    store: Store,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    min_length: usize,
}

/// Why an operation was not done. Each is a sentence for the person at the keyboard.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address belongs to an account already.
    #[error("there is an account with the address {0} already")]
    EmailTaken(credentials::Email),
    /// No account has this address.
    #[error("there is no account with the address {0}; `layerlock user list` shows all")]
    NoSuchUser(credentials::Email),
    /// The password would be guessed.
    #[error("{0}")]
    WeakPassword(String),
    /// No printer has this name or id.
    #[error("there is no printer {wanted:?}; {}", known_printers(.known))]
    NoSuchPrinter {
        /// What was asked for.
        wanted: String,
        /// The names of those that there are.
        known: Vec<String>,
    },
    /// A grant that ends before it begins.
    #[error("that date has passed; nothing was granted")]
    GrantInThePast,
    /// Several printers have this name.
    #[error("several printers are named {0:?}; use the id")]
    AmbiguousPrinter(String),
    /// No grant has this id.
    #[error("there is no grant {0}; `layerlock grant list` shows all")]
    NoSuchGrant(printer::GrantId),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}

fn known_printers(names: &[String]) -> String {
    if names.is_empty() {
        return "no agent has reported any yet".to_owned();
    }
    format!("there are: {}", names.join(", "))
}

impl Admin {
    /// `min_length` is what the configuration asks of passwords, in characters.
    pub fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        min_length: usize,
    ) -> Self {
        Self { store, clock, random, min_length }
    }
}
