//! `cargo xtask fuzz`: any bytes for everything that parses foreign ones, for as long as one likes.
//! libFuzzer on a stable toolchain: `fuzz/instrument` says how. What it learns stays in
//! `target/fuzz`, and what it finds is there, too, in a file that can be run again.

use std::{
    env, fs,
    num::NonZero,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use anyhow::{Context, Result, anyhow, bail, ensure};

use crate::{
    command::{cargo, run as run_command},
    repository::Repository,
};

/// How long each target runs in `cargo xtask test`, in seconds.
const SHORT: u32 = 3;
/// How long each runs when nothing else is said, and in a continuous build, in seconds.
const LONG: u32 = 60;

/// How many run at a time for each processor. With one, all of them would take a quarter of an hour on
/// two processors; with more, each finds less.
const FOR_EACH: usize = 2;

/// Inputs longer than this find nothing that shorter ones don't, and take longer.
const LONGEST: &str = "-max_len=4096";

const USAGE: &str = "usage: cargo xtask fuzz [--seconds N] [TARGET]";

/// Runs one target or all, some at a time.
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
    let fuzzer = Fuzzer { root: repository.root.clone(), program: build(repository)?, seconds };
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    chosen.chunks(processors * FOR_EACH).try_for_each(|together| fuzzer.run_together(together))
}

/// A few seconds of each for every change, and a minute where changes are built continuously.
pub(crate) fn briefly(repository: &Repository) -> Result<()> {
    let seconds = if env::var_os("CI").is_some() { LONG } else { SHORT };
    run(repository, &["--seconds", &seconds.to_string()])
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
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    Ok(target.join("debug").join("fuzz"))
}

/// The built program, and how long it gets for a target.
struct Fuzzer {
    root: PathBuf,
    program: PathBuf,
    seconds: u32,
}

impl Fuzzer {
    /// All of `targets` at the same time, to the end of the last.
    fn run_together(&self, targets: &[String]) -> Result<()> {
        let results: Vec<_> = thread::scope(|scope| {
            let running: Vec<_> =
                targets.iter().map(|target| scope.spawn(|| self.fuzz(target))).collect();
            running
                .into_iter()
                .map(|one| one.join().unwrap_or(Err(anyhow!("it panicked"))))
                .collect()
        });
        results.into_iter().collect()
    }

    fn fuzz(&self, target: &str) -> Result<()> {
        let output = self.command(target)?.output().context("can't start the fuzzer")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{said}\n{target} has found something, see above");
        let inputs = inputs(&said).with_context(|| format!("{said}\n{target} tried nothing"))?;
        println!("{target}: {} s, {inputs} inputs", self.seconds);
        Ok(())
    }

    fn command(&self, target: &str) -> Result<Command> {
        let kept = self.root.join("target/fuzz").join(target);
        let (corpus, found) = (kept.join("corpus"), kept.join("found"));
        fs::create_dir_all(&corpus)?;
        fs::create_dir_all(&found)?;
        let mut fuzzer = Command::new(&self.program);
        fuzzer.env("LAYERLOCK_FUZZ_TARGET", target).arg(&corpus);
        fuzzer.args(seeds(&self.root, target));
        fuzzer.args([LONGEST, "-timeout=10", "-rss_limit_mb=1024", "-verbosity=0"]);
        fuzzer.arg("-print_final_stats=1").arg(format!("-max_total_time={}", self.seconds));
        fuzzer.arg(format!("-artifact_prefix={}/", found.display()));
        Ok(fuzzer)
    }
}

fn seeds(root: &Path, target: &str) -> Option<PathBuf> {
    Some(root.join("fuzz/seeds").join(target)).filter(|seeds| seeds.is_dir())
}

/// How many inputs were tried, by libFuzzer's last words.
fn inputs(said: &str) -> Option<u64> {
    let count =
        |line: &str| line.strip_prefix("stat::number_of_executed_units:")?.trim().parse().ok();
    said.lines().find_map(count).filter(|&inputs| inputs > 0)
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
    #[test]
    fn a_target_that_tried_nothing_has_not_passed() {
        assert_eq!(inputs("INFO: x\nstat::number_of_executed_units: 1028\n"), Some(1028));
        assert_eq!(inputs("stat::number_of_executed_units: 0\n"), None);
        assert_eq!(inputs("INFO: Running"), None);
    }
}
