//! Another program, started by a test and sure to end with it.
//!
//! Each program leads a process group of its own. A small shell stands guard over the group: its
//! standard input is a pipe that we hold, so that it closes however the test ends (passed,
//! failed, interrupted, killed), and then the group is asked to end, and made to after 10 s.

use std::{
    io::{BufRead, BufReader, Read},
    os::unix::process::CommandExt,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::wait;

const GUARD: &str = r#"
trap '' INT TERM HUP
cat >/dev/null
kill -TERM "-$1" 2>/dev/null
tries=0
while kill -0 "-$1" 2>/dev/null && ! grep -q ') Z ' "/proc/$1/stat" && [ $tries -lt 100 ]; do
    sleep 0.1
    tries=$((tries + 1))
done
kill -KILL "-$1" 2>/dev/null
"#;

/// Lines kept of a program's output; a longer one fails the reading of it, not the test.
const MOST_LINES: usize = 20_000;

/// A running program and what it has printed.
pub struct Process {
    name: String,
    child: Child,
    guard: Child,
    lines: Arc<Mutex<Vec<String>>>,
    readers: Vec<JoinHandle<()>>,
}

impl Process {
    /// Starts it, without standard input. `name` is for messages.
    pub fn start(name: &str, mut command: Command) -> Result<Self> {
        let mut child = command
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("can't start {name}: {}", command.get_program().display()))?;
        let guard = guard(&child)?;
        let lines = Arc::default();
        let stdout = child.stdout.take().map(|stream| collect(stream, &lines));
        let stderr = child.stderr.take().map(|stream| collect(stream, &lines));
        let readers = stdout.into_iter().chain(stderr).collect();
        Ok(Self { name: name.to_owned(), child, guard, lines, readers })
    }

    /// The program's process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Everything printed so far, both streams mixed, one string per line.
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All that an ended program has printed.
    pub fn output(&mut self) -> String {
        for reader in self.readers.drain(..) {
            let _ = reader.join();
        }
        self.lines().join("\n")
    }

    /// Waits until a printed line is what `wanted` looks for. Fails after `deadline`, or as soon
    /// as the program has ended; the error shows what it printed.
    pub async fn line<T>(
        &mut self,
        what: &str,
        deadline: Duration,
        wanted: impl Fn(&str) -> Option<T>,
    ) -> Result<T> {
        let look = |process: &mut Self| {
            let ended = process.child.try_wait().ok().flatten().is_some();
            let found = process.lines().iter().find_map(|line| wanted(line));
            found.map(Ok).or(ended.then_some(Err(())))
        };
        let result = wait::until(what, deadline, || std::future::ready(look(self))).await;
        match result {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(())) => {
                let printed = self.output();
                bail!("{} ended before {what}:\n{printed}", self.name)
            }
            Err(error) => bail!("{}: {error}:\n{}", self.name, self.lines().join("\n")),
        }
    }

    /// Asks it to read its configuration again (SIGHUP).
    pub fn hang_up(&self) -> Result<()> {
        self.signal(Signal::HUP)
    }

    /// Asks the process with this id, the program's own or a successor of it, to restart without
    /// turning anyone away (SIGHUP), and waits until one has taken over. Returns that one's id.
    /// What successors print is in [`Self::lines`] too.
    pub async fn restart(&self, pid: u32) -> Result<u32> {
        let taken_over = || {
            let numbers = self.lines().into_iter().filter_map(|line| taken_over_by(&line));
            numbers.collect::<Vec<_>>()
        };
        let before = taken_over().len();
        hang_up(pid)?;
        let next = || std::future::ready(taken_over().get(before).copied());
        let what = format!("a successor of {}", self.name);
        let taken_over = wait::until(&what, Duration::from_secs(30), next).await;
        taken_over.with_context(|| self.lines().join("\n"))
    }

    /// Asks it to end (SIGTERM).
    pub fn terminate(&self) -> Result<()> {
        self.signal(Signal::TERM)
    }

    /// Asks it to end (SIGTERM) and waits for that, at most `deadline`.
    pub async fn stop(mut self, deadline: Duration) -> Result<ExitStatus> {
        self.signal(Signal::TERM)?;
        let name = self.name.clone();
        let attempt = || std::future::ready(self.child.try_wait().transpose());
        wait::until(&format!("{name} to stop"), deadline, attempt).await?.context("no exit status")
    }

    /// Waits until it ends by itself, at most `deadline`.
    pub async fn end(&mut self, deadline: Duration) -> Result<ExitStatus> {
        let what = format!("{} to end", self.name);
        let attempt = || std::future::ready(self.child.try_wait().transpose());
        wait::until(&what, deadline, attempt).await?.context("no exit status")
    }

    /// Ends it with SIGKILL, as a power cut would.
    pub fn kill(mut self) -> Result<()> {
        self.signal(Signal::KILL)?;
        self.child.wait().map(drop).context("no exit status")
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.context("no process id")?, signal)
            .with_context(|| format!("can't signal {}", self.name))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The child is waited for last: until then its id can't belong to anyone else.
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
        let _ = self.child.wait();
    }
}

fn taken_over_by(line: &str) -> Option<u32> {
    let id = line.split_once("this process has taken over process=")?.1;
    id.split_whitespace().next()?.parse().ok()
}

/// Sends SIGHUP to a process that a test has started, or to a successor of it.
pub fn hang_up(pid: u32) -> Result<()> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).context("no process id")?;
    kill_process(pid, Signal::HUP).context("can't signal")
}

/// Whether the process with this id has ended.
pub fn has_ended(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    stat.map_or(true, |stat| stat.contains(") Z "))
}

fn guard(child: &Child) -> Result<Child> {
    Command::new("sh")
        .args(["-c", GUARD, "guard", &child.id().to_string()])
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("can't start `sh`")
}

fn collect(stream: impl Read + Send + 'static, lines: &Arc<Mutex<Vec<String>>>) -> JoinHandle<()> {
    let lines = Arc::clone(lines);
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok).take(MOST_LINES) {
            lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    fn shell(script: &str) -> Process {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Process::start("a shell", command).unwrap()
    }

    fn runs(pid: &str) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
        stat.is_ok_and(|stat| !stat.contains(") Z "))
    }

    #[tokio::test]
    async fn a_line_is_waited_for() {
        let mut shell = shell("echo one; sleep 0.2; echo two=2; sleep 60");
        let found = shell.line("two", SOON, |line| line.strip_prefix("two=").map(str::to_owned));
        assert_eq!(found.await.unwrap(), "2");
    }

    #[tokio::test]
    async fn an_early_end_is_an_error_that_shows_the_output() {
        let mut shell = shell("echo out of paper; exit 3");
        let error = shell.line("a page", SOON, |_| None::<()>).await.unwrap_err();
        assert!(error.to_string().contains("out of paper"), "{error}");
    }

    #[tokio::test]
    async fn children_of_the_program_end_with_it() {
        let mut shell = shell("sleep 600 & echo child=$!; wait");
        let child = |line: &str| line.strip_prefix("child=").map(str::to_owned);
        let child = shell.line("the child's id", SOON, child).await.unwrap();
        assert!(runs(&child));
        drop(shell);
        // It has been killed by now, but a busy machine may take a moment to let it end.
        let ended = || std::future::ready((!runs(&child)).then_some(()));
        wait::until("the child's end", SOON, ended).await.unwrap();
    }
}
