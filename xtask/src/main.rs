//! Repository tasks: what a person or a continuous build types after `cargo xtask`. Kept to the
//! standard library and JSON, so that it compiles in seconds on a fresh machine.

mod bench;
mod command;
mod covers;
mod dependencies;
mod fuzz;
mod postgres;
mod repository;
mod requirements;
mod rigs;
mod scratch;
mod security;
mod test;
mod tidy;

use std::process::ExitCode;

use anyhow::{Result, bail};
use repository::Repository;

const HELP: &str = "\
Tasks of this repository:

  cargo xtask test [--only STEP]  Install what is missing, then check everything
  cargo xtask rigs                Install what the tests need: OctoPrint, Moonraker, PrusaLink, PostgreSQL, Chromium
  cargo xtask fuzz [--seconds N] [TARGET]
                                  Any bytes for everything that parses foreign ones
  cargo xtask bench NAME          How fast it is, what it holds under abuse (docs/benchmarks.md)
  cargo xtask tidy                Check the repository's own rules
  cargo xtask requirements        Which test covers which requirement
  cargo xtask security            List the tests in docs/security.md anew
  cargo xtask openapi             Write docs/openapi.json anew
  cargo xtask screenshots         Make the pictures of the README anew";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let repository = Repository::here()?;
    match words.as_slice() {
        ["test", options @ ..] => test::run(&repository, options),
        ["fuzz", options @ ..] => fuzz::run(&repository, options),
        ["bench", words @ ..] => bench::run(&repository, words),
        ["rigs"] => rigs::install(&repository),
        ["tidy"] => tidy::run(&repository),
        ["requirements"] => requirements::print(&repository),
        ["security"] => security::remake(&repository),
        ["openapi"] => test::remake_openapi(&repository),
        ["screenshots"] => test::remake_screenshots(&repository),
        [] | ["help" | "--help" | "-h"] => {
            println!("{HELP}");
            Ok(())
        }
        other => bail!("unknown task {:?}\n\n{HELP}", other.join(" ")),
    }
}
