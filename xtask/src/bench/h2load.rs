//! Load by `h2load`: so many connections of HTTP/2, on each of which several requests run side by side,
//! as in browsers. What it saw is held against the page's length.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, Result, bail, ensure};

use super::{
    cores::{self, Cores},
    wrk::Seen,
};
use crate::command::{find, output};

/// Requests side by side on each connection.
pub(super) const STREAMS: u32 = 8;

/// One kind of load.
pub(super) struct H2load<'a> {
    pub(super) connections: u32,
    pub(super) time: Duration,
    /// Header fields of each request.
    pub(super) headers: &'a [&'a str],
}

fn program() -> Result<PathBuf> {
    find("h2load").context("h2load is needed: `apt-get install nghttp2-client`")
}

impl H2load<'_> {
    /// Asks a server at `url` for a page that has to be as long as `body`.
    pub(super) fn run(&self, url: &str, body: &str, cores: &Cores) -> Result<Seen> {
        let numbers = [self.connections, STREAMS].map(|number| number.to_string());
        let [connections, streams] = numbers.each_ref().map(String::as_str);
        let words = ["-t1", "--warm-up-time=0", "-c", connections, "-m", streams];
        let mut load = cores::on(&cores.others, &program()?, &words);
        load.args(["-D", &self.time.as_secs().to_string()]);
        self.headers.iter().for_each(|field| {
            load.args(["-H", field]);
        });
        load.arg(url);
        read(&output(load)?, body.len(), self.time)
    }
}

/// `done`, `failed` and the like stand behind their number, and bytes of data in brackets.
fn read(printed: &str, length: usize, time: Duration) -> Result<Seen> {
    let line = |begin: &str| printed.lines().find_map(|line| line.strip_prefix(begin));
    let (Some(requests), Some(codes), Some(traffic)) =
        (line("requests: "), line("status codes: "), line("traffic: "))
    else {
        bail!("h2load didn't say what it saw:\n{printed}");
    };
    let done = number(requests, "done")?;
    ensure!(done > 0.0, "nothing was answered");
    let lost = number(requests, "failed")? + number(requests, "timeout")?;
    ensure!(lost == 0.0, "{lost} of {done} requests broke off");
    ensure!(number(codes, "2xx")? >= done, "some of {done} answers weren't the page");
    let data = traffic.rsplit_once('(').and_then(|(_, rest)| rest.split_once(')'));
    let data: f64 = data.context("no traffic")?.0.parse()?;
    let expected = done * f64::from(u32::try_from(length)?);
    ensure!(data >= expected, "{data} bytes came, not {expected}");
    Ok(Seen { requests: done, seconds: time.as_secs_f64() })
}

fn number(line: &str, what: &str) -> Result<f64> {
    let part = line.split(", ").find_map(|part| part.strip_suffix(what));
    Ok(part.with_context(|| format!("no number of {what} in {line:?}"))?.trim().parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(failed: u32, good: u32, data: u32) -> String {
        format!(
            "finished in 2.00s, 5.00 req/s, 6KB/s\nrequests: 10 total, 18 started, 10 done, {good} \
             succeeded, {failed} failed, 0 errored, 0 timeout\nstatus codes: {good} 2xx, 0 3xx, 0 \
             4xx, 0 5xx\ntraffic: 1KB (1400) total, 200B (200) headers (space savings 90%), 1KB \
             ({data}) data\n"
        )
    }

    #[test]
    fn an_answer_that_is_wrong_fails_the_run() {
        let time = Duration::from_secs(2);
        let seen = read(&printed(0, 10, 1_000), 100, time).unwrap();
        assert!((seen.per_second() - 5.0).abs() < 1e-9);
        for text in
            [printed(1, 10, 1_000), printed(0, 9, 1_000), printed(0, 10, 999), String::new()]
        {
            assert!(read(&text, 100, time).is_err(), "{text}");
        }
    }
}
