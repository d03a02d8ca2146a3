//! The figures as a section of `docs/benchmarks.md`.

use std::fmt::Write;

use anyhow::{Context, Result};

use super::{
    Case, Turn,
    systems::{System, Systems},
};
use crate::bench::{Outcome, figures::Figures, machine};

/// What has to be reached: as many requests as haproxy with the same kind of hash, when the gate
/// remembers that the password was right.
const GOAL: f64 = 1.0;

/// The section, and what was missed.
pub(super) fn write(cases: &[Case], systems: &Systems, load: &str) -> Result<Outcome> {
    let mut section = format!(
        "{}, `cargo xtask bench gate`. {}. Load average {load}. {}. {}\n\n",
        machine::date()?,
        machine::describe()?,
        systems.versions()?,
        if systems.cores.are_apart() {
            "What is measured has a core of its own; nginx and wrk share another."
        } else {
            "There is one core, which all share."
        }
    );
    section.push_str(HEAD);
    let mut missed = Vec::new();
    for case in cases {
        let (gate, others) = case.turns.split_last().context("nobody had a turn")?;
        for (system, turns) in others {
            let name = system.name();
            row(&mut section, case.title, name, turns, &gate.1)?;
            let rates = ratio(&gate.1, turns, |turn| turn.rate);
            if *system == System::Haproxy && rates.median() < GOAL {
                missed.push(format!("{}: {rates} x {name}, not {GOAL}", case.title));
            }
        }
    }
    section.push_str(NOTES);
    Ok(Outcome { section, missed })
}

const HEAD: &str = "\
| load | beside | requests/s: gate | haproxy | ratio | CPU µs each: gate | haproxy | ratio | busy |
|---|---|---|---|---|---|---|---|---|
";

const NOTES: &str = "
Both read the same haproxy.cfg, with sha512-crypt at its usual 5,000 rounds. haproxy computes the hash
for each request; the gate remembers for five minutes that a password was right. \"No hashes\" is a
haproxy with `insecure-password`, which has nothing to compute and leaves what forwarding itself
costs. In the last row each request comes from somebody else, so that the gate has nothing to
remember. A list has at most 1,000 people, and a turn may last longer than they do: only CPU counts
there.
";

fn row(
    section: &mut String,
    title: &str,
    name: &str,
    haproxy: &[Turn],
    gate: &[Turn],
) -> Result<()> {
    let all = |turns: &[Turn], figure: fn(&Turn) -> f64| turns.iter().map(figure).collect();
    let rate = |turns| -> Figures { all(turns, |turn| turn.rate) };
    let cost = |turns| -> Figures { all(turns, |turn| turn.cost) };
    let busy = |turns| -> Figures { all(turns, |turn| turn.busy) };
    writeln!(
        section,
        "| {title} | {name} | {:.0} | {:.0} | **{:.2}** | {:.1} | {:.1} | **{:.2}** | {:.2}, {:.2} |",
        rate(gate),
        rate(haproxy),
        ratio(gate, haproxy, |turn| turn.rate),
        cost(gate),
        cost(haproxy),
        ratio(gate, haproxy, |turn| turn.cost),
        busy(gate).median(),
        busy(haproxy).median(),
    )?;
    Ok(())
}

/// Round by round, so that what else the machine had to do counts for both.
fn ratio(one: &[Turn], other: &[Turn], figure: fn(&Turn) -> f64) -> Figures {
    one.iter().zip(other).map(|(one, other)| figure(one) / figure(other)).collect()
}
