//! Which core is whose: what is measured has one of its own, everything else another.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result};

use crate::command::command;

/// The cores of a run. With one core everything shares it.
#[derive(Debug, Clone)]
pub(super) struct Cores {
    /// For what is measured.
    pub(super) measured: String,
    /// For the load, and for the servers behind.
    pub(super) others: String,
}

impl Cores {
    /// The first that this process may use, and the second.
    pub(super) fn take() -> Result<Self> {
        let status = fs::read_to_string("/proc/self/status")?;
        let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
        let cores = numbers(list.context("the system names no cores")?.trim());
        let first = cores.first().context("there is no core")?;
        let second = cores.get(1).unwrap_or(first);
        Ok(Self { measured: first.to_string(), others: second.to_string() })
    }

    pub(super) fn are_apart(&self) -> bool {
        self.measured != self.others
    }
}

/// A program that runs on one core only.
pub(super) fn on(core: &str, program: &Path, arguments: &[&str]) -> Command {
    let mut pinned = command(Path::new("/"), "taskset", &["-c", core]);
    pinned.arg(program).args(arguments);
    pinned
}

/// `0-2,5` is 0, 1, 2 and 5.
fn numbers(list: &str) -> Vec<usize> {
    let range = |part: &str| {
        let (from, until) = part.split_once('-').unwrap_or((part, part));
        Some(from.parse::<usize>().ok()?..=until.parse().ok()?)
    };
    list.split(',').filter_map(range).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_cores_are_read() {
        assert_eq!(numbers("0-2,5"), [0, 1, 2, 5]);
        assert_eq!(numbers("3"), [3]);
        assert!(numbers("").is_empty());
    }
}
