//! Playwright, which drives the browser. Its own browsers are not fetched: Debian's is used.

use std::{fs, path::Path, time::SystemTime};

use anyhow::{Context, Result, bail};

use super::say;
use crate::{
    command::{command, output, run},
    repository::Repository,
};

const OLDEST: u32 = 20;

/// Runs `npm ci` in `e2e/` when its packages are missing or older than the lock file.
pub(super) fn install(repository: &Repository) -> Result<()> {
    check_version(&repository.root)?;
    let directory = repository.root.join("e2e");
    let installed = modified(&directory.join("node_modules/.package-lock.json"));
    if installed.is_some() && installed >= modified(&directory.join("package-lock.json")) {
        say("playwright", "is there");
        return Ok(());
    }
    say("playwright", "installing into e2e/node_modules");
    let mut install = command(&directory, "npm", &["ci"]);
    install.env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
    run(install)
}

fn check_version(root: &Path) -> Result<()> {
    let version = output(command(root, "node", &["--version"]))
        .context("the dashboard and its tests need Node.js 20 or newer")?;
    let major = version.trim().trim_start_matches('v').split('.').next();
    match major.and_then(|number| number.parse::<u32>().ok()) {
        Some(major) if major >= OLDEST => Ok(()),
        _ => bail!("Node.js {OLDEST} or newer is needed, this is {}", version.trim()),
    }
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}
