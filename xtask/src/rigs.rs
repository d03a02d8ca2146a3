//! Installs what the tests need and a fresh machine lacks. Says what it does, does nothing twice,
//! and leaves the system alone unless it runs as root.

mod debian;
mod environment;
mod node;

use anyhow::Result;

use crate::repository::Repository;

/// Installs everything that is missing.
pub(crate) fn install(repository: &Repository) -> Result<()> {
    debian::install(repository)?;
    environment::install(repository)?;
    node::install(repository)
}

/// One line about what is there or what is being done.
fn say(what: &str, how: &str) {
    println!("  {what:<12} {how}");
}
