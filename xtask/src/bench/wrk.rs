//! Load by `wrk`: so many connections that each ask again as soon as they have their answer. Every
//! answer is looked at, and one that is wrong fails the run.

use std::{fs, path::PathBuf, time::Duration};

use anyhow::{Context, Result, bail, ensure};

use super::cores::{self, Cores};
use crate::{
    command::{find, output},
    scratch::Scratch,
};

/// What `wrk` does with each answer, and what it prints at the end.
const SCRIPT: &str = r#"
local threads = {}
local body = io.open(os.getenv("BODY")):read("a")
wrong = 0

function setup(thread) table.insert(threads, thread) end

function response(status, headers, answer)
  if status ~= 200 or answer ~= body then wrong = wrong + 1 end
end

function done(summary)
  local errors, failed = summary.errors, 0
  for _, thread in ipairs(threads) do failed = failed + thread:get("wrong") end
  local lost = errors.connect + errors.read + errors.write + errors.timeout
  print(string.format("SAW %d %d %d %d", summary.requests, summary.duration, failed, lost))
end
"#;

/// One kind of load.
pub(super) struct Wrk<'a> {
    pub(super) connections: u32,
    pub(super) time: Duration,
    /// Header fields of each request.
    pub(super) headers: &'a [&'a str],
    /// More of the script, such as a `request` of its own.
    pub(super) script: &'a str,
}

/// What came of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub(super) requests: f64,
    pub(super) seconds: f64,
}

impl Seen {
    pub(super) fn per_second(&self) -> f64 {
        self.requests / self.seconds
    }
}

/// Where `wrk` is.
pub(super) fn program() -> Result<PathBuf> {
    find("wrk").context("wrk is needed: `apt-get install wrk`")
}

impl Wrk<'_> {
    /// Asks a server at `url` for a page that has to be `body`.
    pub(super) fn run(&self, url: &str, body: &str, cores: &Cores) -> Result<Seen> {
        let folder = Scratch::new("wrk")?;
        let (script, expected) = (folder.path().join("load.lua"), folder.path().join("body"));
        fs::write(&script, format!("{SCRIPT}{}", self.script))?;
        fs::write(&expected, body)?;
        let (connections, time) = (self.connections.to_string(), self.time.as_secs());
        let time = format!("{time}s");
        let mut load = cores::on(&cores.others, &program()?, &["-t1", "-c", &connections]);
        load.args(["-d", &time, "--timeout", "20s", "-s"]).arg(&script).env("BODY", expected);
        self.headers.iter().for_each(|field| {
            load.args(["-H", field]);
        });
        load.arg(url);
        read(&output(load)?)
    }
}

fn read(printed: &str) -> Result<Seen> {
    let line = printed.lines().find_map(|line| line.strip_prefix("SAW "));
    let numbers: Vec<f64> =
        line.unwrap_or_default().split(' ').filter_map(|word| word.parse().ok()).collect();
    let &[requests, microseconds, wrong, lost] = numbers.as_slice() else {
        bail!("wrk didn't say what it saw:\n{printed}");
    };
    ensure!(wrong == 0.0, "{wrong} of {requests} answers weren't the page");
    ensure!(lost == 0.0, "{lost} of {requests} requests broke off");
    ensure!(requests > 0.0, "nothing was answered");
    Ok(Seen { requests, seconds: microseconds / 1e6 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_wrong_fails_the_run() {
        assert!((read("x\nSAW 10 2000000 0 0\n").unwrap().per_second() - 5.0).abs() < 1e-9);
        for printed in ["SAW 10 2000000 1 0", "SAW 10 2000000 0 1", "SAW 0 2000000 0 0", ""] {
            assert!(read(printed).is_err(), "{printed}");
        }
    }
}
