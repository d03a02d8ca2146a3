//! What a process was given when it started: sockets, by a service manager or by the process whose
//! place it takes, and in the second case that one's ear at its standard input.

use std::{
    io::{self, Write},
    os::{fd::AsFd, unix::net::UnixStream},
};

use edge::Sockets;
use listenfd::ListenFd;
use sd_notify::NotifyState;

/// The variable that makes a process a successor; its value is the predecessor's run.
pub(super) const SUCCESSOR_OF: &str = "LAYERLOCK_SUCCESSOR_OF";

/// What a successor says when it is ready.
pub(super) const READY: [u8; 6] = *b"ready\n";

/// What a process was given when it started.
pub(crate) struct Predecessor {
    /// The listening sockets.
    pub(crate) sockets: Sockets,
    /// The run of the process whose place this one takes.
    pub(crate) run: Option<u64>,
}

impl Predecessor {
    /// Takes what was given. To be called once, before there are threads: it changes the
    /// environment.
    pub(crate) fn take() -> Self {
        let mut given = ListenFd::from_env();
        let sockets = (0..given.len()).filter_map(|number| {
            given.take_tcp_listener(number).unwrap_or_else(|error| {
                eprintln!("layerlock: a socket that was handed over can't be used: {error}");
                None
            })
        });
        let sockets = Sockets::given(sockets.collect());
        let run = std::env::var(SUCCESSOR_OF).ok().and_then(|run| run.parse().ok());
        Self { sockets, run }
    }

    /// Whether this process takes the place of another.
    pub(crate) const fn is_there(&self) -> bool {
        self.run.is_some()
    }

    /// Says that this process can do its work: to the predecessor, which then lets nobody in any
    /// more, or to the service manager.
    pub(crate) fn ready(&self) {
        if !self.is_there() {
            return super::say(&[NotifyState::Ready]);
        }
        if let Err(error) = tell_predecessor() {
            // It has ended in this moment: all the more reason to go on.
            tracing::warn!(%error, "the predecessor can't be told");
        }
        tracing::info!(process = std::process::id(), "this process has taken over");
    }
}

/// The predecessor's ear is the standard input.
fn tell_predecessor() -> io::Result<()> {
    let ear = io::stdin().as_fd().try_clone_to_owned()?;
    UnixStream::from(ear).write_all(&READY)
}
