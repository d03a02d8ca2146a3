//! A real OctoPrint in a virtual environment of its own, `.rigs/octoprint`.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};

use super::say;
use crate::{
    command::{command, find, run, succeeds},
    repository::Repository,
};

const VERSION: &str = "1.11.8";

/// Interpreters to try, best first. OctoPrint 1.11 runs on 3.11 to 3.13.
const PYTHONS: &[&str] = &["python3.11", "python3.12", "python3.13", "python3"];
const CHECK: &str =
    "import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))";

/// Installs it, unless the very version is there. An interrupted installation is begun anew.
pub(super) fn install(repository: &Repository) -> Result<()> {
    let directory = repository.root.join(".rigs/octoprint");
    let finished = directory.join("version");
    if fs::read_to_string(&finished).is_ok_and(|version| version == VERSION) {
        say("octoprint", &format!("{VERSION} is there"));
        return Ok(());
    }
    say("octoprint", &format!("installing {VERSION} into .rigs/octoprint (200 MB)"));
    if directory.exists() {
        fs::remove_dir_all(&directory).context("can't remove the old .rigs/octoprint")?;
    }
    let python = python(repository).context("no Python 3.11 to 3.13 with `venv` was found")?;
    let path = directory.to_string_lossy();
    run(command(&repository.root, python, &["-m", "venv", &path]))?;
    let wanted = format!("OctoPrint=={VERSION}");
    let arguments = ["install", "--quiet", "--disable-pip-version-check", &wanted];
    run(command(&repository.root, directory.join("bin/pip"), &arguments))?;
    fs::write(finished, VERSION).context("can't write .rigs/octoprint/version")
}

/// An interpreter that can make a virtual environment.
pub(super) fn python(repository: &Repository) -> Option<PathBuf> {
    let found = PYTHONS.iter().filter_map(|name| find(name));
    found.into_iter().find(|python| succeeds(command(&repository.root, python, &["-c", CHECK])))
}
