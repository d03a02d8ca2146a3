//! What we depend on, against the rules in `deny.toml`: licences, banned crates, sources. Known
//! security advisories are left out here, because their database is on the internet and tests
//! never need that: `cargo deny check advisories` looks there.

use std::path::PathBuf;

use anyhow::Result;

use crate::{
    command::{cargo, command, find, run},
    repository::Repository,
};

const VERSION: &str = "0.20.2";

/// Checks every dependency.
pub(crate) fn check(repository: &Repository) -> Result<()> {
    let program = program(repository)?;
    let arguments = ["--offline", "--log-level", "warn", "check", "bans", "licenses", "sources"];
    run(command(&repository.root, program, &arguments))
}

/// The `cargo-deny` that is installed, or else one in `.rigs/cargo-deny`.
fn program(repository: &Repository) -> Result<PathBuf> {
    if let Some(installed) = find("cargo-deny") {
        return Ok(installed);
    }
    let directory = repository.root.join(".rigs/cargo-deny");
    let program = directory.join("bin/cargo-deny");
    if !program.is_file() {
        println!("  cargo-deny   installing {VERSION} into .rigs/cargo-deny (takes some minutes)");
        let root = directory.to_string_lossy();
        let arguments =
            ["install", "--quiet", "--locked", "cargo-deny", "--version", VERSION, "--root", &root];
        run(cargo(&repository.root, &arguments))?;
    }
    Ok(program)
}
