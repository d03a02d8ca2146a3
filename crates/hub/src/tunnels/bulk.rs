//! The second connection of an agent, for what is large: a large body, or a packet that is lost in
//! one, must not delay a button. It is opened when something large is to pass and closed when it
//! was idle for a while. Where it can't be had in a short time, the first connection carries
//! everything, as it does for agents of older versions.

mod candidates;
mod connection;
mod places;
mod rest;

use std::time::Duration;

use bytes::Bytes;
use credentials::{Ticket, TokenDigest};
use http::{Method, Request, Response};
use http_body_util::Full;
use printer::{AccountId, Random};
use tokio::{
    sync::{Semaphore, watch},
    time::{Instant, timeout},
};
use tunnel::{Body, BoxError, Rider, Tunnel};

use super::{Error, LiveTunnel, greeting::to_agent};
use candidates::{Candidate, Candidates};
use places::Places;

pub(super) use connection::serve;

/// How long a request waits for the connection to be opened. A request that may change something
/// has 10 s until it has to be at the agent.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long it isn't asked for again after it couldn't be opened.
const PAUSE: Duration = Duration::from_mins(5);

/// How long it stays open without a request.
const IDLE: Duration = Duration::from_secs(45);

/// How many answers at a time the agent is told to go on with where they are.
const WORDS: usize = 2;

/// An agent's second connection, open or not.
pub(crate) struct Bulk {
    phase: watch::Sender<Phase>,
    places: Places,
    candidates: Candidates,
    /// Free while the agent may be told that an answer goes on where it is.
    words: Semaphore,
}

#[derive(Clone)]
enum Phase {
    Closed,
    /// The agent was asked to open it, and to show this token.
    Asked(TokenDigest),
    Open {
        tunnel: Tunnel,
        /// When somebody wanted it last.
        wanted: Instant,
    },
    /// It couldn't be opened; not to be tried before this time.
    Failed(Instant),
    /// The agent is too old.
    Unknown,
}

/// The way that a request takes.
pub(crate) struct Way {
    tunnel: Tunnel,
    /// What has to go with the request.
    rider: Rider,
    /// The first connection, where this is the second.
    first: Option<(Tunnel, Rider)>,
}

impl Way {
    /// Sends a request this way, or over the first connection where the second can't take it any
    /// more and nothing of it was sent.
    ///
    /// # Errors
    /// Those of [`Tunnel::send`].
    pub(crate) async fn send<B>(
        self,
        mut request: Request<B>,
    ) -> Result<Response<Body>, tunnel::Error>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        request.extensions_mut().insert(self.rider);
        let failed = match self.tunnel.try_send(request).await {
            Ok(answer) => return Ok(answer),
            Err(failed) => failed,
        };
        let (Some(mut request), Some((tunnel, rider))) = (failed.unsent, self.first) else {
            return Err(failed.error);
        };
        tracing::debug!(error = %failed.error, "the second connection takes nothing more");
        request.extensions_mut().insert(rider);
        tunnel.send(*request).await
    }
}

impl LiveTunnel {
    /// The way for a request with this stream of its person's share: for one that is `large`,
    /// which names the person, the second connection, if it is to be had in a short time.
    pub(crate) async fn way(
        &self,
        large: Option<AccountId>,
        stream: Rider,
        random: &dyn Random,
    ) -> Way {
        if let Some(account) = large
            && let Some(place) = self.bulk.places.take(account)
            && let Some(tunnel) = self.bulk(random).await
        {
            let first = Some((self.tunnel.clone(), stream.clone()));
            return Way { tunnel, rider: stream.and(place), first };
        }
        Way { tunnel: self.tunnel.clone(), rider: stream, first: None }
    }

    /// Whether the second connection is there, or can probably be had.
    pub(crate) fn may_have_bulk(&self) -> bool {
        match &*self.bulk.phase.borrow() {
            Phase::Closed | Phase::Asked(_) | Phase::Open { .. } => true,
            Phase::Failed(until) => *until <= Instant::now(),
            Phase::Unknown => false,
        }
    }

    /// The second connection, opened if need be.
    async fn bulk(&self, random: &dyn Random) -> Option<Tunnel> {
        let token = Ticket::new(random);
        if self.bulk.is_to_be_asked_for(token.digest()) {
            tokio::spawn(ask(self.clone(), token));
        }
        let mut phase = self.bulk.phase.subscribe();
        let settled = phase.wait_for(|phase| !matches!(phase, Phase::Asked(_)));
        match &*timeout(PATIENCE, settled).await.ok()?.ok()? {
            Phase::Open { tunnel, .. } => Some(tunnel.clone()),
            _ => None,
        }
    }
}

/// Asks the agent for the connection, and waits until it is there.
async fn ask(live: LiveTunnel, token: Ticket) {
    let asking = async {
        let text = Full::new(Bytes::from(token.encode()));
        let request = to_agent(Method::POST, wire::BULK_PATH, text)?;
        if !live.tunnel.send(request).await?.status().is_success() {
            return Err(Error::Nonsense("it can't open a second connection"));
        }
        let mut phase = live.bulk.phase.subscribe();
        let _ = phase.wait_for(|phase| !matches!(phase, Phase::Asked(_))).await;
        Ok(())
    };
    let asked = timeout(PATIENCE, asking).await.unwrap_or(Err(Error::Slow));
    if live.bulk.give_up(token.digest()) {
        tracing::debug!(error = ?asked.err(), "an agent has no second connection");
    }
}

impl Bulk {
    /// Not open yet. It never will be, if the agent doesn't know how.
    pub(super) fn new(is_known: bool) -> Self {
        let phase = if is_known { Phase::Closed } else { Phase::Unknown };
        Self {
            phase: watch::Sender::new(phase),
            places: Places::default(),
            candidates: Candidates::default(),
            words: Semaphore::new(WORDS),
        }
    }

    /// Notes that somebody wants the connection, and that the agent will be asked for it with this
    /// token, if that has to be.
    fn is_to_be_asked_for(&self, token: TokenDigest) -> bool {
        let now = Instant::now();
        self.phase.send_if_modified(|phase| {
            match phase {
                Phase::Open { tunnel, wanted } if !tunnel.is_closed() => {
                    *wanted = now;
                    return false;
                }
                Phase::Asked(_) | Phase::Unknown => return false,
                Phase::Failed(until) if *until > now => return false,
                Phase::Open { .. } | Phase::Failed(_) | Phase::Closed => {}
            }
            *phase = Phase::Asked(token);
            true
        })
    }

    /// It wasn't opened in time.
    fn give_up(&self, token: TokenDigest) -> bool {
        self.change(
            |phase| matches!(phase, Phase::Asked(asked) if *asked == token),
            Phase::Failed(Instant::now() + PAUSE),
        )
    }

    /// A place to show the token from, if there is a token to be shown.
    fn candidate(&self) -> Option<Candidate<'_>> {
        let is_asked = matches!(*self.phase.borrow(), Phase::Asked(_));
        is_asked.then(|| self.candidates.take())
    }

    /// A connection has shown a token. It is the second one if the token is right.
    fn enter(&self, shown: TokenDigest, tunnel: Tunnel) -> bool {
        self.change(
            |phase| matches!(phase, Phase::Asked(asked) if *asked == shown),
            Phase::Open { tunnel, wanted: Instant::now() },
        )
    }

    /// Whether this connection was idle for long. It then gets nothing more to do.
    fn retires(&self, idle: &Tunnel) -> bool {
        self.phase.send_if_modified(|phase| {
            let Phase::Open { tunnel, wanted } = phase else { return false };
            if !tunnel.is(idle) {
                return false;
            }
            if !idle.is_idle() {
                *wanted = Instant::now();
            }
            let is_over = wanted.elapsed() >= IDLE;
            if is_over {
                *phase = Phase::Closed;
            }
            is_over
        })
    }

    /// This connection has ended.
    fn leave(&self, ended: &Tunnel) {
        let is_it = |phase: &Phase| matches!(phase, Phase::Open { tunnel, .. } if tunnel.is(ended));
        self.change(is_it, Phase::Closed);
    }

    fn change(&self, from: impl FnOnce(&Phase) -> bool, to: Phase) -> bool {
        self.phase.send_if_modified(|phase| {
            let is_so = from(phase);
            if is_so {
                *phase = to;
            }
            is_so
        })
    }
}
