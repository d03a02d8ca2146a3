//! One connection to the hub, from dialling to its end.

use std::{io, pin::Pin, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tunnel::Limits;
use wire::Refusal;

use super::{Agent, Status, attempts, bulk, parting::serve_first};
use crate::{
    Error,
    hub_keys::HubKeys,
    inside::{
        Inside, Memory,
        bulk::{Asks, Second},
        held::Held,
    },
    supervisor::Supervisor,
    transport::{Connection, Way, proven_key},
};

/// How long the hub may take to greet.
const GREETING: Duration = Duration::from_secs(15);

/// How long the hub may take to hang up after it has refused.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// A connection that has held for so long was a good one: the next wait is a short one again.
const SETTLED: Duration = Duration::from_secs(10);

pub(super) struct Session<'a> {
    pub(super) agent: &'a Agent,
    pub(super) printers: &'a Supervisor,
    pub(super) memory: &'a Arc<Memory>,
    pub(super) status: &'a watch::Sender<Status>,
    pub(super) shutdown: &'a CancellationToken,
    pub(super) hub_keys: &'a HubKeys,
}

pub(super) enum Ended {
    Stopped,
    Refused(Refusal),
    Lost {
        reason: String,
        settled: bool,
    },
    /// The hub wants this agent to connect anew, after so long. What is left on the old connection
    /// goes on.
    Moved {
        rest: Serving,
        after: Duration,
    },
}

impl Ended {
    fn lost(reason: &impl ToString) -> Self {
        Self::Lost { reason: reason.to_string(), settled: false }
    }
}

impl Session<'_> {
    pub(super) async fn hold<D, F, I>(&self, dial: &D) -> Ended
    where
        D: Fn() -> F,
        F: Future<Output = io::Result<I>>,
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let keys = self.hub_keys.accepted();
        let way = Way { hub: &keys, ..self.agent.way() };
        let connected = tokio::select! {
            connected = attempts::first(|| way.connect(dial, tunnel::ALPN_TUNNEL)) => connected,
            () = self.shutdown.cancelled() => return Ended::Stopped,
            () = self.agent.leaving.cancelled() => return Ended::Stopped,
        };
        match connected {
            Some(Ok(io)) => match self.note_key(&io) {
                Ok(()) => {
                    let (asks, wishes) = Asks::new();
                    let dialling = Box::pin(bulk::follow(way, dial, wishes, self.shutdown));
                    tokio::select! {
                        ended = self.serve(io, asks) => ended,
                        never = dialling => match never {},
                    }
                }
                Err(error) => Ended::lost(&error),
            },
            Some(Err(error)) => Ended::lost(&error),
            None => Ended::lost(&"the hub doesn't answer"),
        }
    }

    /// The hub may have changed to the key that it had named.
    fn note_key<I>(&self, io: &Connection<I>) -> Result<(), Error> {
        proven_key(io).map_or(Ok(()), |key| self.hub_keys.proven(key.fingerprint()))
    }

    async fn serve<I>(&self, io: Connection<I>, asks: Asks) -> Ended
    where
        I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (greeted, mut greeting) = watch::channel(None);
        let inside = Inside {
            printers: self.printers.clone(),
            name: self.agent.name.clone(),
            greeted,
            memory: Arc::clone(self.memory),
            hub_keys: self.hub_keys.clone(),
            second: Second::Asked(asks.clone()),
            held: Held::new(Arc::clone(&self.agent.random)),
            succeeds: self.agent.lineage.succeeds,
            moved: CancellationToken::new(),
            stopping: self.shutdown.clone(),
        };
        let moved = inside.moved.clone();
        let mut served = serve_first(io, inside, asks, self.shutdown.clone());
        let verdict = tokio::select! {
            ended = &mut served => return self.ended(ended, false),
            verdict = verdict(&mut greeting) => verdict,
            () = sleep(GREETING) => None,
        };
        match verdict {
            Some(Ok(())) => {}
            Some(Err(refusal)) => {
                let _ = timeout(LAST_WORDS, served).await;
                return Ended::Refused(refusal);
            }
            None => return Ended::lost(&"the hub didn't greet"),
        }
        tracing::info!(hub = self.agent.authority, "connected to the hub");
        self.status.send_replace(Status::Connected);
        let since = Instant::now();
        let sent_away = tokio::select! {
            ended = &mut served => return self.ended(ended, since.elapsed() >= SETTLED),
            refusal = sent_away(&mut greeting) => refusal,
            () = moved.cancelled() => {
                return Ended::Moved { rest: served, after: since.elapsed() };
            }
        };
        let _ = timeout(LAST_WORDS, served).await;
        Ended::Refused(sent_away)
    }

    fn ended(&self, result: Result<(), tunnel::Error>, settled: bool) -> Ended {
        if self.shutdown.is_cancelled() || self.agent.leaving.is_cancelled() {
            return Ended::Stopped;
        }
        let reason = match result {
            Ok(()) => "the hub has ended the connection".to_owned(),
            Err(error) => error.to_string(),
        };
        Ended::Lost { reason, settled }
    }
}

type Verdict = Option<Result<(), Refusal>>;

/// What the hub says when it greets; nothing if it never will.
async fn verdict(greeting: &mut watch::Receiver<Verdict>) -> Verdict {
    greeting.wait_for(Option::is_some).await.ok().and_then(|verdict| *verdict)
}

/// What the hub says when it sends an agent away that it had greeted; waits for ever if it never
/// does.
async fn sent_away(greeting: &mut watch::Receiver<Verdict>) -> Refusal {
    loop {
        if let Some(Err(refusal)) = *greeting.borrow_and_update() {
            return refusal;
        }
        if greeting.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

pub(super) type Serving = Pin<Box<dyn Future<Output = Result<(), tunnel::Error>> + Send>>;

pub(super) fn serving<I>(
    io: Connection<I>,
    limits: Limits,
    inside: Inside,
    shutdown: CancellationToken,
) -> Serving
where
    I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let handler = move |request| inside.clone().receive(request);
    Box::pin(tunnel::serve_with(io, limits, handler, shutdown))
}
