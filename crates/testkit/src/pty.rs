//! A serial line without hardware: a program opens one end as it would open `/dev/ttyUSB0`, a
//! thread of the test plays the device at the other.

use std::{
    fs::{File, OpenOptions},
    io::{Read, Write},
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context, Result};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{OptionalActions, tcgetattr, tcsetattr},
};

/// How late a device may notice that it is unplugged, or that time has passed.
const BEAT: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };

/// What is at the other end of the line.
pub(crate) trait Device: Send + 'static {
    /// Bytes came in; what is to be answered is appended to `answer`.
    fn receive(&mut self, bytes: &[u8], answer: &mut Vec<u8>);

    /// Called at least every 20 ms, with the time since the device was plugged in.
    fn tick(&mut self, now: Duration, answer: &mut Vec<u8>);
}

/// A device that is plugged in until this is dropped.
pub(crate) struct Plugged {
    path: PathBuf,
    unplugged: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    // Holds the line open while no program has opened it, which else reads as a broken line.
    _program_end: File,
}

impl Plugged {
    /// Plugs `device` into a new line.
    pub(crate) fn new(device: impl Device) -> Result<Self> {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&ours)?;
        unlockpt(&ours)?;
        let path = PathBuf::from(ptsname(&ours, Vec::new())?.into_string()?);
        let program_end = open_raw(&path)?;
        let unplugged = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&unplugged);
        let thread = thread::spawn(move || drop(play(device, ours, &until)));
        Ok(Self { path, unplugged, thread: Some(thread), _program_end: program_end })
    }

    /// Where a program opens the line: `/dev/pts/N`.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Plugged {
    fn drop(&mut self) {
        self.unplugged.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The program's end, with every byte passed as it is: no echo, no line editing.
fn open_raw(path: &Path) -> Result<File> {
    let end = OpenOptions::new().read(true).write(true).open(path);
    let end = end.with_context(|| format!("can't open {}", path.display()))?;
    let mut settings = tcgetattr(&end)?;
    settings.make_raw();
    tcsetattr(&end, OptionalActions::Now, &settings)?;
    Ok(end)
}

fn play(mut device: impl Device, ours: OwnedFd, unplugged: &AtomicBool) -> Result<()> {
    let mut line = File::from(ours);
    let start = tokio::time::Instant::now();
    let mut bytes = [0; 4096];
    while !unplugged.load(Ordering::Relaxed) {
        let mut answer = Vec::new();
        device.tick(start.elapsed(), &mut answer);
        let mut waiting = [PollFd::new(&line, PollFlags::IN)];
        if poll(&mut waiting, Some(&BEAT))? > 0 {
            let count = line.read(&mut bytes)?;
            device.tick(start.elapsed(), &mut answer);
            device.receive(bytes.get(..count).unwrap_or_default(), &mut answer);
        }
        line.write_all(&answer)?;
    }
    Ok(())
}
