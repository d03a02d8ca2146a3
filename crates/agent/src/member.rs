//! One printer while the agent runs: where it is, and whether it answers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use http::{HeaderValue, Request, header::HOST};
use tokio::{
    sync::{Semaphore, watch},
    time::{MissedTickBehavior, interval, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{Entry, routes::Targets};

pub(crate) use crate::routes::resolve;

/// How often a printer is asked whether it is there.
const EVERY: Duration = Duration::from_secs(5);

/// How long it may take to say so.
const PATIENCE: Duration = Duration::from_secs(4);

/// How many inspected WebSockets one printer may have.
const SOCKETS: usize = 64;

#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) entry: Entry,
    targets: watch::Sender<Option<Arc<Targets>>>,
    online: AtomicBool,
    ending: CancellationToken,
    /// One for each WebSocket whose messages are inspected.
    pub(crate) sockets: Arc<Semaphore>,
}

impl Member {
    pub(crate) fn new(entry: Entry) -> Self {
        Self {
            entry,
            targets: watch::Sender::new(None),
            online: AtomicBool::new(false),
            ending: CancellationToken::new(),
            sockets: Arc::new(Semaphore::new(SOCKETS)),
        }
    }

    /// Whether the last probe succeeded.
    pub(crate) fn is_online(&self) -> bool {
        self.online.load(Ordering::Acquire)
    }

    /// Its servers, once its host has been resolved.
    pub(crate) fn targets(&self) -> Option<Arc<Targets>> {
        self.targets.borrow().clone()
    }

    /// Ends the probes and everything under way to this printer.
    pub(crate) fn end(&self) {
        self.ending.cancel();
        if let Some(targets) = self.targets() {
            targets.close();
        }
    }

    /// Asks every 5 s whether the printer is there, until [`Member::end`]; calls `changed` when
    /// the answer is another one than before.
    pub(crate) async fn watch_over(&self, changed: impl Fn()) {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let probes = async {
            loop {
                ticks.tick().await;
                let online = self.answers().await;
                if self.online.swap(online, Ordering::AcqRel) != online {
                    let printer = self.entry.name.as_str();
                    tracing::info!(printer, online, "a printer came or went");
                    changed();
                }
            }
        };
        tokio::select! {
            () = self.ending.cancelled() => {}
            () = probes => {}
        }
    }

    async fn answers(&self) -> bool {
        if let Some(targets) = self.targets()
            && probe(&targets).await
        {
            return true;
        }
        self.look_up().await && matches!(self.targets(), Some(targets) if probe(&targets).await)
    }

    /// Looks the host up (again). `true` if it is at a new place.
    async fn look_up(&self) -> bool {
        let found = match resolve(&self.entry).await {
            Ok(found) => Arc::new(found),
            Err(error) => {
                tracing::debug!(printer = self.entry.name.as_str(), %error, "not found");
                return false;
            }
        };
        let before = self.targets();
        if before.as_ref().is_some_and(|before| before.same_place(&found)) {
            return false;
        }
        self.targets.send_replace(Some(found));
        if let Some(before) = before {
            before.close();
        }
        true
    }
}

/// One bounded question to the base URL. Whatever comes back is thrown away.
async fn probe(targets: &Targets) -> bool {
    let mut question = Request::new(forward::empty());
    *question.uri_mut() = targets.main.root();
    let Ok(host) = HeaderValue::from_str(&targets.main.authority) else { return false };
    question.headers_mut().insert(HOST, host);
    let answer = timeout(PATIENCE, targets.main.origin.send(question)).await;
    matches!(answer, Ok(Ok(answer)) if answer.status().as_u16() < 500)
}
