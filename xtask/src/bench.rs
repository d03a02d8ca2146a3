//! `cargo xtask bench`: how fast it is, beside other programs that do the same job. Machines are
//! shared and noisy, so what counts is a ratio in one run: the same work in turns, round after
//! round, with the median and the spread.

mod abuse;
mod cores;
mod figures;
mod gate;
mod h2load;
mod machine;
mod page;
mod running;
mod wrk;

use anyhow::{Result, bail, ensure};

use crate::repository::Repository;

struct Bench {
    name: &'static str,
    about: &'static str,
    run: fn(&Repository) -> Result<Outcome>,
}

/// What a bench has found.
struct Outcome {
    /// The section of `docs/benchmarks.md`, without its heading.
    section: String,
    /// Goals that were missed, in a sentence each.
    missed: Vec<String>,
}

const BENCHES: &[Bench] = &[
    Bench { name: "gate", about: "the gate beside haproxy", run: gate::run },
    Bench { name: "abuse", about: "memory under an hour of abuse", run: abuse::run },
];

/// Runs one, or all. With `--keep`, what comes out is written into `docs/benchmarks.md`.
pub(crate) fn run(repository: &Repository, words: &[&str]) -> Result<()> {
    let keep = words.contains(&"--keep");
    let names: Vec<_> = words.iter().copied().filter(|word| *word != "--keep").collect();
    let chosen = match names.as_slice() {
        ["--all"] => BENCHES,
        [name] => std::slice::from_ref(bench(name)?),
        _ => bail!("usage: cargo xtask bench [--keep] NAME|--all\n\n{}", list()),
    };
    let mut missed = Vec::new();
    for bench in chosen {
        println!("== {} ({})", bench.name, bench.about);
        let outcome = (bench.run)(repository)?;
        println!("\n{}", outcome.section);
        if keep {
            page::keep(repository, bench.name, &outcome.section)?;
        }
        missed.extend(outcome.missed);
    }
    ensure!(missed.is_empty(), "goals were missed:\n{}", missed.join("\n"));
    Ok(())
}

fn bench(name: &str) -> Result<&'static Bench> {
    match BENCHES.iter().find(|bench| bench.name == name) {
        Some(bench) => Ok(bench),
        None => bail!("no bench {name:?}\n\n{}", list()),
    }
}

fn list() -> String {
    let lines: Vec<_> =
        BENCHES.iter().map(|bench| format!("  {:<10} {}", bench.name, bench.about)).collect();
    lines.join("\n")
}
