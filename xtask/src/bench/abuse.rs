//! Memory of a hub and an agent that are abused for an hour: `crates/layerlock/benches/abuse` does
//! it, and says how. `LAYERLOCK_BENCH_MINUTES` is how many minutes it takes if not 60.

use std::process::Stdio;

use anyhow::Result;

use super::{Outcome, machine};
use crate::{
    command::{cargo, output, run as run_command},
    repository::Repository,
};

/// What a process may hold afterwards, for each byte that it held before.
const GOAL: f64 = 1.1;

/// Builds the program as the tests do, and abuses it.
pub(super) fn run(repository: &Repository) -> Result<Outcome> {
    let root = &repository.root;
    run_command(cargo(root, &["build", "--quiet", "--package", "layerlock", "--bins"]))?;
    let bench = ["bench", "--quiet", "--profile", "dev", "--package", "layerlock"];
    let mut bench = cargo(root, &[&bench[..], &["--bench", "abuse"]].concat());
    bench.stderr(Stdio::inherit());
    let begun = machine::load()?;
    let report = output(bench)?;
    let section = format!(
        "{}, `cargo xtask bench abuse`. {}. Load average {begun} at the beginning, {} at the end. \
         Built without optimisation.\n\n{report}",
        machine::date()?,
        machine::describe()?,
        machine::load()?,
    );
    Ok(Outcome { section, missed: missed(&report) })
}

/// The rows of the table in which the fifth column is above the goal.
fn missed(report: &str) -> Vec<String> {
    let ratio = |row: &str| row.split('|').nth(5)?.trim().parse::<f64>().ok();
    let rows = report.lines().filter(|row| ratio(row).is_some_and(|ratio| ratio > GOAL));
    rows.map(|row| format!("more than {GOAL} times as much memory: {row}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_beyond_the_goal_is_a_goal_missed() {
        let report = "| process | before | most | after | after / before | slope |\n\
                      |---|---|---|---|---|---|\n\
                      | hub | 10.0 | 12.0 | 11.0 | 1.100 | +1 |\n\
                      | agent | 10.0 | 12.0 | 11.1 | 1.110 | +1 |";
        assert_eq!(missed(report).len(), 1);
        assert!(missed(report)[0].contains("agent"));
    }
}
