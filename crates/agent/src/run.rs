//! Keeping the tunnel up: dial, prove both keys, wait to be greeted, serve, and start over with
//! a growing wait when the connection is lost.

mod attempts;
mod bulk;
mod left;
mod parting;
pub(crate) mod session;
#[cfg(test)]
mod tests;

use std::{io, sync::Arc, time::Duration};

use printer::{Clock, Name, Random, SystemClock};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tunnel::{Backoff, Fingerprint, Identity};
use wire::Refusal;

use crate::{
    Closed, Error, Home, Lineage, Transport, hub_keys::HubKeys, inside::Memory,
    supervisor::Supervisor, transport::Way,
};
use left::Left;
use session::{Ended, Session};

/// How long to wait after a refusal that may be lifted.
const AFTER_REFUSAL: Duration = Duration::from_mins(1);

/// The least time between two connections that the hub asked to make anew.
const BETWEEN_MOVES: Duration = Duration::from_secs(1);

/// How long a successor looks at its printers before it takes over, at most. A request that comes
/// earlier would find them closed.
const FIRST_LOOK: Duration = Duration::from_secs(10);

/// Everything that an agent needs to run.
pub struct Agent {
    /// Its key.
    pub identity: Identity,
    /// The key that the hub must prove.
    pub hub: Fingerprint,
    /// The hub's host and port, as in a URL: for the TLS handshake, and for proxies.
    pub authority: String,
    /// How the hub is reached.
    pub transport: Transport,
    /// What this agent is called.
    pub name: Name,
    /// Where its printers are written down.
    pub home: Home,
    /// Which run of the program this is.
    pub lineage: Lineage,
    /// Cancelled when a successor of this run is connected. This one finishes what it has, ends
    /// with its connection, and makes no other.
    pub leaving: CancellationToken,
    /// For the waits between attempts.
    pub random: Arc<dyn Random>,
}

impl Agent {
    fn way(&self) -> Way<'_> {
        let Self { identity, hub, authority, transport, .. } = self;
        Way { identity, hub: std::slice::from_ref(hub), authority, transport: *transport }
    }
}

/// How the connection is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// On the way.
    Connecting,
    /// The hub has greeted and wants this agent.
    Connected,
    /// The last attempt failed, or the connection was lost.
    Waiting {
        /// In a sentence for people.
        reason: String,
        /// How long until the next attempt.
        retry: Duration,
    },
    /// The hub doesn't want this agent.
    Refused(Refusal),
    /// Asked to stop.
    Stopped,
}

/// Runs the agent until `shutdown`. `dial` gives a connection to the hub, over which TLS is
/// spoken whatever it is; [`crate::dial_tcp`] for a hub elsewhere. What is under way has 10 s
/// to finish when it is stopped.
///
/// # Errors
/// [`Error::Closed`] when the hub has unlinked or replaced this agent: trying again is of no use,
/// not even after a restart.
pub async fn run<D, F, I>(
    agent: Agent,
    dial: D,
    status: watch::Sender<Status>,
    shutdown: CancellationToken,
) -> Result<(), Error>
where
    D: Fn() -> F,
    F: Future<Output = io::Result<I>>,
    I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let printers = Supervisor::new(Arc::clone(&clock));
    let memory = Arc::new(Memory::new(clock, Arc::clone(&agent.random), agent.lineage.run));
    let result = tokio::select! {
        result = keep_connected(&agent, &printers, &memory, dial, &status, &shutdown) => result,
        () = printers.follow(&agent.home) => Ok(()),
    };
    if result.is_ok() {
        status.send_replace(Status::Stopped);
    }
    result
}

async fn keep_connected<D, F, I>(
    agent: &Agent,
    printers: &Supervisor,
    memory: &Arc<Memory>,
    dial: D,
    status: &watch::Sender<Status>,
    shutdown: &CancellationToken,
) -> Result<(), Error>
where
    D: Fn() -> F,
    F: Future<Output = io::Result<I>>,
    I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut backoff, mut left) = (Backoff::new(), Left::default());
    let hub_keys = HubKeys::new(agent.home.clone(), agent.hub)?;
    if agent.lineage.succeeds.is_some() {
        let looked = timeout(FIRST_LOOK, printers.looked());
        let _ = shutdown.run_until_cancelled(looked).await;
    }
    loop {
        status.send_replace(Status::Connecting);
        let session = Session { agent, printers, memory, status, shutdown, hub_keys: &hub_keys };
        let wait = match session.hold(&dial).await {
            Ended::Stopped => break,
            Ended::Refused(refusal) => refused(agent, refusal, status)?,
            Ended::Moved { rest, after } => {
                left.add(rest);
                tracing::info!("the hub is being restarted; connecting to its successor");
                BETWEEN_MOVES.saturating_sub(after)
            }
            Ended::Lost { reason, settled } => {
                if settled {
                    backoff.reset();
                }
                let retry = backoff.next_delay(&*agent.random);
                tracing::warn!(reason, ?retry, "no connection to the hub");
                status.send_replace(Status::Waiting { reason, retry });
                retry
            }
        };
        tokio::select! {
            () = shutdown.cancelled() => break,
            () = agent.leaving.cancelled() => break,
            () = sleep(wait) => {}
        }
    }
    left.finish().await;
    Ok(())
}

/// How long to wait after a refusal, unless it is final.
fn refused(
    agent: &Agent,
    refusal: Refusal,
    status: &watch::Sender<Status>,
) -> Result<Duration, Error> {
    tracing::error!("{refusal}");
    status.send_replace(Status::Refused(refusal));
    let Some(closed) = Closed::by(refusal) else { return Ok(AFTER_REFUSAL) };
    agent.home.close(closed)?;
    Err(closed.into())
}
