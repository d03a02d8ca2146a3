//! What the two processes hold in memory, as the kernel counts it: all of it, and that part which is
//! no file (the program itself is one, and comes and goes in pages).

use std::{fmt, fs, time::Duration};

use anyhow::{Context, Result};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::house::House;

/// The pause between two samples.
const PAUSE: Duration = Duration::from_secs(10);

/// Resident memory of one process, in KiB.
#[derive(Debug, Clone, Copy)]
struct Held {
    all: u32,
    anonymous: u32,
}

/// That of both.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    hub: Held,
    agent: Held,
}

/// One sample, and when it was taken, in seconds.
pub(crate) type Sample = (f64, Memory);

impl Memory {
    pub(crate) fn of(house: &House) -> Result<Self> {
        Ok(Self { hub: held(house.hub.pid())?, agent: held(house.agent.pid())? })
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} MiB ({:.1})", mebibytes(self.all), mebibytes(self.anonymous))
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "hub {}, agent {}", self.hub, self.agent)
    }
}

/// Takes samples until it is dropped.
pub(crate) async fn watch(house: &House, course: &mut Vec<Sample>) -> Result<()> {
    let start = Instant::now();
    let mut ticks = interval(PAUSE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let (time, memory) = (start.elapsed(), Memory::of(house)?);
        eprintln!("{:5} s  {memory}", time.as_secs());
        course.push((time.as_secs_f64(), memory));
    }
}

/// The rows of the table in the document.
pub(crate) fn report(before: Memory, course: &[Sample], after: Memory) -> String {
    let row = |name, of: fn(&Memory) -> u32| {
        let [first, last] = [&before, &after].map(|memory| mebibytes(of(memory)));
        let points: Vec<_> =
            course.iter().map(|(time, memory)| (*time, mebibytes(of(memory)))).collect();
        let most = points.iter().map(|(_, held)| *held).fold(0.0, f64::max);
        let (ratio, slope) = (last / first, slope(&points) * 3600.0);
        format!("| {name} | {first:.1} | {most:.1} | {last:.1} | {ratio:.3} | {slope:+.2} |")
    };
    let head = "| process | before | most | after | after / before | slope, MiB an hour |\n\
                |---|---|---|---|---|---|";
    [
        head.to_owned(),
        row("hub", |it| it.hub.all),
        row("hub, anonymous", |it| it.hub.anonymous),
        row("agent", |it| it.agent.all),
        row("agent, anonymous", |it| it.agent.anonymous),
    ]
    .join("\n")
}

/// Of the line that lies nearest to all points (least squares).
fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.iter().map(|_| 1.0).sum::<f64>().max(1.0);
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let products: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let squares: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    if squares == 0.0 { 0.0 } else { products / squares }
}

fn mebibytes(kibibytes: u32) -> f64 {
    f64::from(kibibytes) / 1024.0
}

fn held(pid: u32) -> Result<Held> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).context("it has ended")?;
    let kibibytes = |name| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).context("no such line");
        anyhow::Ok(line?.trim().trim_end_matches(" kB").parse()?)
    };
    Ok(Held { all: kibibytes("VmRSS:")?, anonymous: kibibytes("RssAnon:")? })
}
