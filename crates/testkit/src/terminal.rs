//! A person at a terminal: a program runs on a pseudo-terminal of its own, and what the screen shows
//! is kept. `setsid` (util-linux) makes it the program's controlling terminal.

use std::{
    fs::{File, OpenOptions},
    io::{Read, Write},
    path::Path,
    process::{Child, Command, ExitStatus},
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context, Result};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::wait;

const SOON: Duration = Duration::from_secs(20);

/// A program at a terminal; it is ended when this is dropped.
pub struct Terminal {
    child: Child,
    keyboard: File,
    screen: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Terminal {
    /// Starts a program.
    pub fn start(program: &Path, arguments: &[&str]) -> Result<Self> {
        Self::run(Command::new(program).args(arguments))
    }

    /// Starts a command with its arguments and its own variables of the environment.
    pub fn run(program: &Command) -> Result<Self> {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&ours)?;
        unlockpt(&ours)?;
        let path = ptsname(&ours, Vec::new())?.into_string()?;
        let line = OpenOptions::new().read(true).write(true).open(path)?;
        let mut command = Command::new("setsid");
        command.args(["--ctty", "--wait"]).arg(program.get_program()).args(program.get_args());
        command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.stdin(line.try_clone()?).stdout(line.try_clone()?).stderr(line);
        let child = command.spawn().context("can't start `setsid`")?;
        let keyboard = File::from(ours);
        let screen = Arc::default();
        let reader = show(keyboard.try_clone()?, Arc::clone(&screen));
        Ok(Self { child, keyboard, screen, reader })
    }

    /// All that the screen has shown.
    pub fn screen(&self) -> String {
        let screen = self.screen.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&screen).into_owned()
    }

    /// Waits until the screen shows a text.
    pub async fn shows(&self, text: &str) -> Result<()> {
        let shown = || std::future::ready(self.screen().contains(text).then_some(()));
        let shown = wait::until(text, SOON, shown).await;
        shown.with_context(|| format!("the screen shows: {}", self.screen()))
    }

    /// Types a line.
    pub fn types(&mut self, line: &str) -> Result<()> {
        Ok(self.keyboard.write_all(format!("{line}\n").as_bytes())?)
    }

    /// Waits until the program ends, and the screen shows its last words.
    pub async fn end(&mut self) -> Result<ExitStatus> {
        let ended = || std::future::ready(self.child.try_wait().transpose());
        let status = wait::until("the program to end", SOON, ended).await?;
        let shown = || std::future::ready(self.reader.is_finished().then_some(()));
        wait::until("the screen to show everything", SOON, shown).await?;
        status.context("no exit status")
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads until the other end is closed, which reads as an error.
fn show(mut line: File, screen: Arc<Mutex<Vec<u8>>>) -> JoinHandle<()> {
    thread::spawn(move || {
        let mut bytes = [0; 1024];
        while let Ok(count @ 1..) = line.read(&mut bytes) {
            let mut screen = screen.lock().unwrap_or_else(PoisonError::into_inner);
            screen.extend_from_slice(bytes.get(..count).unwrap_or_default());
        }
    })
}
