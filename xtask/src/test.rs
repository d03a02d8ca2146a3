//! `cargo xtask test`: every check there is, in the order in which a failure is cheapest.

use std::{path::Path, process::Command, time::Duration};

use anyhow::{Context, Result, bail};

use crate::{
    command::{cargo, command, run as run_command},
    dependencies, fuzz,
    postgres::Postgres,
    repository::Repository,
    rigs, tidy,
};

struct Step {
    name: &'static str,
    about: &'static str,
    run: fn(&Repository) -> Result<()>,
}

const STEPS: &[Step] = &[
    Step { name: "rigs", about: "what the tests need", run: rigs::install },
    Step { name: "format", about: "cargo fmt --check", run: format },
    Step { name: "tidy", about: "the repository's own rules", run: tidy::run },
    Step { name: "dependencies", about: "licences, bans, sources", run: dependencies::check },
    Step { name: "lints", about: "clippy, warnings are errors", run: lints },
    Step { name: "rust", about: "unit, store on two databases, API, end to end", run: rust },
    Step {
        name: "fuzz",
        about: "seconds of each fuzz target, a minute where CI is set",
        run: fuzz::briefly,
    },
    Step { name: "dashboard", about: "types and checks of the dashboard", run: dashboard },
    Step { name: "browser", about: "Playwright, real OctoPrint, real binary", run: browser },
];

/// Runs all steps, or the one after `--only`.
pub(crate) fn run(repository: &Repository, options: &[&str]) -> Result<()> {
    let steps = match options {
        [] => STEPS,
        ["--only", name] => std::slice::from_ref(step(name)?),
        _ => bail!("usage: cargo xtask test [--only STEP]"),
    };
    let mut summary = Vec::new();
    for step in steps {
        println!("\n== {} ({})", step.name, step.about);
        let (result, time) = timed(|| (step.run)(repository));
        println!("== {}: {} after {time}", step.name, if result.is_ok() { "ok" } else { "FAILED" });
        result.with_context(|| {
            format!("step {0} failed; repeat it with `cargo xtask test --only {0}`", step.name)
        })?;
        summary.push(format!("{} {time}", step.name));
    }
    println!("\nAll passed: {}.", summary.join(", "));
    Ok(())
}

/// Writes `docs/openapi.json` from the hub's routes: the test that compares them does it.
pub(crate) fn remake_openapi(repository: &Repository) -> Result<()> {
    let mut update = cargo(&repository.root, &["test", "--package", "hub", "openapi"]);
    update.env("UPDATE_OPENAPI", "1");
    run_command(update)
}

/// Makes the README's pictures anew, in `docs/pictures`.
pub(crate) fn remake_screenshots(repository: &Repository) -> Result<()> {
    rigs::install(repository)?;
    run_command(playwright(repository, "pictures")?)
}

fn step(name: &str) -> Result<&'static Step> {
    let names = || STEPS.iter().map(|step| step.name).collect::<Vec<_>>().join(", ");
    let found = STEPS.iter().find(|step| step.name == name);
    found.with_context(|| format!("no step {name:?} (there are: {})", names()))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a stopwatch for people to read, nothing depends on it"
)]
fn timed<T>(work: impl FnOnce() -> T) -> (T, String) {
    let start = std::time::Instant::now();
    let result = work();
    (result, show(start.elapsed()))
}

fn show(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

fn format(repository: &Repository) -> Result<()> {
    run_command(cargo(&repository.root, &["fmt", "--all", "--check"]))
}

fn lints(repository: &Repository) -> Result<()> {
    let arguments = ["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"];
    run_command(cargo(&repository.root, &arguments))
}

fn rust(repository: &Repository) -> Result<()> {
    run_command(cargo(&repository.root, &["build", "--quiet", "--workspace", "--bins"]))?;
    let postgres = Postgres::start()?;
    println!("{postgres}");
    let mut tests = cargo(&repository.root, &["test", "--quiet", "--workspace", "--no-fail-fast"]);
    tests.env("LAYERLOCK_TEST_POSTGRES", postgres.url());
    run_command(tests)
}

fn dashboard(repository: &Repository) -> Result<()> {
    let directory = repository.root.join("web");
    if !directory.join("node_modules").is_dir() {
        run_command(command(&directory, "npm", &["ci"]))?;
    }
    for script in ["types", "check", "test"] {
        run_command(command(&directory, "npm", &["run", "--silent", script]))?;
    }
    Ok(())
}

fn browser(repository: &Repository) -> Result<()> {
    let e2e = repository.root.join("e2e");
    run_command(command(&e2e, "npm", &["run", "--silent", "check"]))?;
    run_command(playwright(repository, "tests")?)
}

/// Playwright's runner for one of its projects, against binaries that are up to date.
fn playwright(repository: &Repository, project: &str) -> Result<Command> {
    run_command(cargo(&repository.root, &["build", "--quiet", "--workspace", "--bins"]))?;
    let project = format!("--project={project}");
    let e2e: &Path = &repository.root.join("e2e");
    Ok(command(e2e, "npx", &["--no-install", "playwright", "test", &project]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_found_by_name_and_else_all_names_are_shown() {
        assert_eq!(step("tidy").unwrap().name, "tidy");
        let error = step("tiddy").err().unwrap().to_string();
        assert!(error.contains("browser"), "{error}");
    }

    #[test]
    fn times_are_short_and_plain() {
        assert_eq!(show(Duration::from_secs(59)), "59 s");
        assert_eq!(show(Duration::from_secs(61)), "1 min 01 s");
    }
}
