//! A restart in which nobody is turned away: on SIGHUP, this process starts its successor, the same
//! program with the same arguments, and hands it its listening sockets as systemd would
//! (`LISTEN_FDS`). When the successor says that it is ready, this process lets nobody in any more,
//! finishes what it has, and ends. A successor that can't start changes nothing.

mod child;
mod predecessor;

use std::{io::IsTerminal, path::PathBuf, time::Duration};

use anyhow::{Context as _, ensure};
use edge::Sockets;
use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::configuration;

pub(crate) use predecessor::Predecessor;

/// How long this process may go on after the successor is ready. Usually it ends much earlier: a hub
/// when its visitors have gone, an agent when the hub needs its connection no more.
const AT_MOST: Duration = Duration::from_secs(45);

/// What a process needs to start its successor.
pub(crate) struct Succession {
    /// This program. Remembered at the start: an upgrade puts another file in its place.
    program: PathBuf,
    configuration: (Option<PathBuf>, PathBuf),
    sockets: Sockets,
    /// What the successor is told of this run.
    run: u64,
    hangup: Signal,
}

impl Succession {
    /// Listens to SIGHUP from now on. `None` in a terminal, where that signal means the end.
    pub(crate) fn prepare(
        configuration: (Option<PathBuf>, PathBuf),
        sockets: Sockets,
        run: u64,
    ) -> anyhow::Result<Option<Self>> {
        if std::io::stdin().is_terminal() {
            return Ok(None);
        }
        let program = std::env::current_exe().context("this program's own file isn't known")?;
        let hangup = signal(SignalKind::hangup())?;
        Ok(Some(Self { program, configuration, sockets, run, hangup }))
    }

    /// Hands over on SIGHUP, and cancels `leaving` when a successor is ready. Cancels `shutdown`, too,
    /// if this process is still there long after. What goes wrong is logged, and everything stays
    /// as it was.
    pub(crate) async fn on_signal(
        mut self,
        leaving: CancellationToken,
        shutdown: CancellationToken,
    ) {
        while self.hangup.recv().await.is_some() {
            match self.hand_over().await {
                Ok(successor) => {
                    tracing::info!(successor, "a successor is ready; this process finishes");
                    break;
                }
                Err(error) => tracing::error!("no restart, everything stays as it was: {error:#}"),
            }
        }
        leaving.cancel();
        tokio::time::sleep(AT_MOST).await;
        shutdown.cancel();
    }

    /// The process id of the successor, which is ready.
    async fn hand_over(&self) -> anyhow::Result<u32> {
        ensure!(
            std::process::id() != 1,
            "as the first process of a container, this one can't leave before the others; \
             restart the container"
        );
        let (named, usual) = &self.configuration;
        configuration::load(named.as_deref(), usual.clone())?;
        let successor = child::start(&self.program, self.sockets.handles()?, self.run).await?;
        // The service manager believes this process until it has named another.
        say(&[NotifyState::MainPid(successor), NotifyState::Ready]);
        Ok(successor)
    }
}

/// Tells the service manager, if there is one (`NOTIFY_SOCKET`).
fn say(what: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(what) {
        tracing::debug!(%error, "the service manager can't be told");
    }
}
