//! The gate beside haproxy, doing the same job: TLS, a password for whoever isn't inside, and a
//! page of 1 KiB from a server behind. Both read the same file, so that neither asks for less.
//!
//! haproxy computes a hash for each request (crypt(3)); the gate remembers for some minutes that a
//! password was right. So there are two comparisons besides the plain one: haproxy with a password
//! that stands in the file as it is, where it has nothing to compute; and requests that each come
//! from somebody whom the gate doesn't know yet, where both compute.

mod origin;
mod report;
mod systems;

use std::time::Duration;

use anyhow::Result;

use super::{
    Outcome,
    cores::Cores,
    h2load::H2load,
    machine,
    wrk::{Seen, Wrk},
};
use crate::{repository::Repository, scratch::Scratch};
use systems::{KNOWN, System, Systems};

/// Rounds of each case, in each of which every system has its turn.
const ROUNDS: usize = 5;
/// How long one turn takes, after the first requests.
const TURN: Duration = Duration::from_secs(4);
const FIRST: Duration = Duration::from_secs(1);

/// What one system did in one turn.
#[derive(Debug, Clone, Copy)]
struct Turn {
    /// Requests per second.
    rate: f64,
    /// Microseconds of CPU for each.
    cost: f64,
    /// Which part of the time it was busy: near 1, and it was the one that couldn't do more.
    busy: f64,
}

/// One kind of load, and the turns of the systems that had it; the gate's come last.
struct Case {
    title: &'static str,
    turns: Vec<(System, Vec<Turn>)>,
}

/// What a case needs to be run.
struct Plan<'a> {
    title: &'static str,
    http2: bool,
    connections: u32,
    headers: &'a [&'a str],
    script: &'a str,
    systems: &'a [System],
}

const PLANS: &[Plan<'_>] = &[
    Plan {
        title: "16 connections",
        http2: false,
        connections: 16,
        headers: &[KNOWN],
        script: "",
        systems: &[System::Haproxy, System::PlainHaproxy, System::Gate],
    },
    Plan {
        // Of one address, 64 may be in the middle of their TLS handshake.
        title: "48 connections",
        http2: false,
        connections: 48,
        headers: &[KNOWN],
        script: "",
        systems: &[System::Haproxy, System::PlainHaproxy, System::Gate],
    },
    Plan {
        title: "8 connections of HTTP/2, 8 requests side by side on each",
        http2: true,
        connections: 8,
        headers: &[KNOWN],
        script: "",
        systems: &[System::PlainHaproxy, System::Gate],
    },
    Plan {
        title: "a connection for each request, 16 at a time",
        http2: false,
        connections: 16,
        headers: &[KNOWN, "Connection: close"],
        script: "",
        systems: &[System::PlainHaproxy, System::Gate],
    },
    Plan {
        title: "a hash for each request, at most 1,000",
        http2: false,
        connections: 1,
        headers: &[],
        script: systems::NOBODY_TWICE,
        systems: &[System::CrowdedHaproxy, System::CrowdedGate],
    },
];

/// Runs it all.
pub(super) fn run(repository: &Repository) -> Result<Outcome> {
    let folder = Scratch::new("bench-gate")?;
    let cores = Cores::take()?;
    let origin = origin::start(folder.path(), &cores)?;
    let systems = Systems::prepare(repository, folder.path(), &origin, cores)?;
    let page = origin::page();
    let begun = machine::load()?;
    let cases: Result<Vec<_>> = PLANS.iter().map(|plan| plan.run(&systems, &page)).collect();
    let load = format!("{begun} at the beginning, {} at the end", machine::load()?);
    report::write(&cases?, &systems, &load)
}

impl Plan<'_> {
    /// Gives each system its turns, one after the other, round after round.
    fn run(&self, systems: &Systems, page: &str) -> Result<Case> {
        println!("  {}", self.title);
        let nothing = |system: &System| (*system, Vec::new());
        let mut turns: Vec<_> = self.systems.iter().map(nothing).collect();
        for _ in 0..ROUNDS {
            for (system, turns) in &mut turns {
                let Turn { rate, cost, busy } = self.turn(*system, systems, page)?;
                println!("    {:<28} {rate:>9.0}/s {cost:>9.1} µs, busy {busy:.2}", system.name());
                turns.push(Turn { rate, cost, busy });
            }
        }
        Ok(Case { title: self.title, turns })
    }

    /// Each turn has a process of its own: nobody has seen more than the others.
    fn turn(&self, system: System, systems: &Systems, page: &str) -> Result<Turn> {
        let (running, url) = systems.start(system)?;
        if system.may_be_warm() {
            self.load(FIRST, &url, page, &systems.cores)?;
        }
        let before = running.cpu()?;
        let seen = self.load(TURN, &url, page, &systems.cores)?;
        Ok(Turn::of(seen, running.cpu()? - before))
    }

    fn load(&self, time: Duration, url: &str, page: &str, cores: &Cores) -> Result<Seen> {
        let Self { connections, headers, script, .. } = *self;
        if self.http2 {
            return H2load { connections, time, headers }.run(url, page, cores);
        }
        Wrk { connections, time, headers, script }.run(url, page, cores)
    }
}

impl Turn {
    fn of(seen: Seen, cpu: f64) -> Self {
        let cost = cpu * 1e6 / seen.requests;
        Self { rate: seen.per_second(), cost, busy: cpu / seen.seconds }
    }
}
