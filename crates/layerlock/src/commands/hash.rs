//! `layerlock hash`: the hash of a password, for a gate or another program.

use crate::{arguments::Hash, context::Context, terminal};

/// Asks for a password and prints its hash, on standard output and alone.
pub(crate) fn run(options: Hash, context: &Context) -> anyhow::Result<()> {
    let password = terminal::new_password()?;
    let hash = options.kind.hash(&password, context.random.as_ref())?;
    println!("{hash}");
    eprintln!(
        "This password must differ from the printer's own: whoever learns the one would have both."
    );
    Ok(())
}
