//! A program that runs while something is measured, and what it costs.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Duration,
};

use anyhow::{Context, Result, bail};

use crate::command::{command, output};

/// How long a program may take to listen: 600 times a tenth of a second. haproxy tries each hash of
/// its file when it starts.
const TRIES: u32 = 600;
const PAUSE: Duration = Duration::from_millis(100);

/// A program of ours; it ends when this is dropped.
pub(super) struct Running {
    child: Child,
    name: String,
}

impl Running {
    /// Starts it; what it prints goes into a file.
    pub(super) fn start(name: &str, mut program: Command, log: &Path) -> Result<Self> {
        let log = fs::File::create(log)?;
        program.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = program.spawn().with_context(|| format!("can't start {name}"))?;
        Ok(Self { child, name: name.to_owned() })
    }

    /// Waits until it listens.
    pub(super) fn listens(mut self, port: u16) -> Result<Self> {
        for _ in 0..TRIES {
            if TcpStream::connect(at(port)).is_ok() {
                return Ok(self);
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended with {status} before it listened", self.name);
            }
            sleep(PAUSE);
        }
        bail!("{} doesn't listen at port {port}", self.name)
    }

    /// The CPU seconds that it has used so far, in the system's part too.
    pub(super) fn cpu(&self) -> Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let ticks = ticks(&stat).with_context(|| format!("{} has no CPU time", self.name))?;
        Ok(ticks / ticks_per_second()?)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Fields 14 and 15 of `/proc/PID/stat` (proc(5)); the name before them may have spaces in it.
fn ticks(stat: &str) -> Option<f64> {
    let (_, after_name) = stat.rsplit_once(") ")?;
    let fields: Vec<_> = after_name.split(' ').collect();
    let [user, system] = [fields.get(11)?, fields.get(12)?];
    Some(user.parse::<f64>().ok()? + system.parse::<f64>().ok()?)
}

fn ticks_per_second() -> Result<f64> {
    Ok(output(command(Path::new("/"), "getconf", &["CLK_TCK"]))?.trim().parse()?)
}

/// Where everything listens.
pub(super) fn at(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// A port that nobody has right now.
pub(super) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(at(0))?.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_found_behind_any_name() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194304 100 0 0 0 150 50 0 0 20 0 1 0 100";
        assert_eq!(ticks(stat), Some(200.0));
        assert_eq!(ticks(""), None);
    }
}
