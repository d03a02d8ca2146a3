//! What all programs in `.rigs` have in common.

use std::{
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};

/// The root of the repository.
pub(crate) fn repository() -> Result<&'static Path> {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).context("no repository")
}

/// A program in a virtual environment that `cargo xtask rigs` makes.
pub(crate) fn program(environment: &str, name: &str) -> Result<PathBuf> {
    let program = repository()?.join(".rigs").join(environment).join("bin").join(name);
    ensure!(program.is_file(), "{environment} is not installed: run `cargo xtask rigs`");
    Ok(program)
}

/// A port of 127.0.0.1 that nobody listens on now.
pub(crate) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}
