//! Programs that come from the operating system: a browser, a database server, and Python's
//! virtual environments.

use anyhow::{Result, bail};

use super::{octoprint, say};
use crate::{
    command::{command, find, output, run},
    postgres,
    repository::Repository,
};

/// Names under which Chromium is known.
const BROWSERS: &[&str] = &["chromium", "chromium-browser", "google-chrome"];

/// Installs the missing packages with `apt-get` when this is root, else says which they are.
pub(super) fn install(repository: &Repository) -> Result<()> {
    let missing = missing(repository);
    if missing.is_empty() {
        say("system", "Chromium, PostgreSQL and Python are there");
        return Ok(());
    }
    let packages = missing.join(" ");
    let is_root = output(command(&repository.root, "id", &["-u"]))?.trim() == "0";
    if !is_root || find("apt-get").is_none() {
        bail!("some programs are missing. Install them, then run this again:\n\n    {}\n", {
            format!("sudo apt-get install -y --no-install-recommends {packages}")
        });
    }
    say("system", &format!("installing {packages} with apt-get"));
    run(command(&repository.root, "apt-get", &["update", "-qq"]))?;
    let mut install = command(&repository.root, "apt-get", &["install", "-y", "-qq"]);
    install.arg("--no-install-recommends").args(&missing).env("DEBIAN_FRONTEND", "noninteractive");
    run(install)
}

fn missing(repository: &Repository) -> Vec<&'static str> {
    let there = [
        ("chromium", BROWSERS.iter().any(|name| find(name).is_some())),
        ("postgresql", postgres::programs().is_some()),
        ("python3-venv", octoprint::python(repository).is_some()),
    ];
    there.iter().filter(|(_, there)| !there).map(|(package, _)| *package).collect()
}
