//! `cargo xtask fuzz`: any bytes for everything that parses foreign ones, for as long as one likes.
//! libFuzzer on a stable toolchain: `fuzz/instrument` says how. What it learns stays in
//! `target/fuzz`, and what it finds is there, too, in a file that can be run again.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    command::{cargo, run as run_command},
    repository::Repository,
};

/// How long each target runs in `cargo xtask test`, in seconds.
const SHORT: u32 = 3;
/// How long each runs when nothing else is said, in seconds.
const LONG: u32 = 60;

/// Inputs longer than this find nothing that shorter ones don't, and take longer.
const LONGEST: &str = "-max_len=4096";

const USAGE: &str = "usage: cargo xtask fuzz [--seconds N] [TARGET]";

/// Runs one target or all, one after another.
pub(crate) fn run(repository: &Repository, options: &[&str]) -> Result<()> {
    let (seconds, options) = match options {
        ["--seconds", seconds, rest @ ..] => (seconds.parse().context(USAGE)?, rest),
        _ => (LONG, options),
    };
    let all = targets(repository)?;
    let chosen = match options {
        [] => all,
        [name] if all.iter().any(|target| target == name) => vec![(*name).to_owned()],
        [name] if !name.starts_with('-') => {
            bail!("no target {name:?} (there are: {})", all.join(", "))
        }
        _ => bail!(USAGE),
    };
    let program = build(repository)?;
    chosen.iter().try_for_each(|target| fuzz(repository, &program, target, seconds))
}

/// A few seconds of each, for every change.
pub(crate) fn briefly(repository: &Repository) -> Result<()> {
    run(repository, &["--seconds", &SHORT.to_string()])
}

/// The names in `fuzz/src/targets.rs`.
fn targets(repository: &Repository) -> Result<Vec<String>> {
    let text = fs::read_to_string(repository.root.join("fuzz/src/targets.rs"))?;
    let names: Vec<_> = text.lines().filter_map(name).map(str::to_owned).collect();
    ensure!(!names.is_empty(), "fuzz/src/targets.rs names no target");
    Ok(names)
}

fn name(line: &str) -> Option<&str> {
    line.trim_start().strip_prefix("(\"")?.split_once('"').map(|(name, _)| name)
}

/// Builds the fuzzer beside the other programs; what isn't ours is built once for both.
fn build(repository: &Repository) -> Result<PathBuf> {
    let root = &repository.root;
    let mut build = cargo(root, &["build", "--quiet", "--package", "fuzz"]);
    build.env("RUSTC_WORKSPACE_WRAPPER", root.join("fuzz/instrument"));
    run_command(build)?;
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    Ok(target.join("debug").join("fuzz"))
}

fn fuzz(repository: &Repository, program: &PathBuf, target: &str, seconds: u32) -> Result<()> {
    let kept = repository.root.join("target/fuzz").join(target);
    let (corpus, found) = (kept.join("corpus"), kept.join("found"));
    fs::create_dir_all(&corpus)?;
    fs::create_dir_all(&found)?;
    println!("{target}: {seconds} s");
    let mut fuzzer = Command::new(program);
    fuzzer.env("LAYERLOCK_FUZZ_TARGET", target).arg(&corpus);
    let seeds = repository.root.join("fuzz/seeds").join(target);
    if seeds.is_dir() {
        fuzzer.arg(seeds);
    }
    fuzzer.args([LONGEST, "-timeout=10", "-rss_limit_mb=1024", "-verbosity=0"]);
    fuzzer.arg("-print_final_stats=1").arg(format!("-max_total_time={seconds}"));
    fuzzer.arg(format!("-artifact_prefix={}/", found.display()));
    run_command(fuzzer).with_context(|| format!("{target} has found something, see above"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_found_in_their_list() {
        assert_eq!(name("    (\"form\", form::form),"), Some("form"));
        assert_eq!(name("    // (\"form\")"), None);
        let names = targets(&Repository::here().unwrap()).unwrap();
        assert!(names.contains(&"request-json".to_owned()), "{names:?}");
    }
}
