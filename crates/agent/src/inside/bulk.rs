//! `/v1/bulk`: the hub asks for a second connection, over which large bodies travel, so that none
//! of them stands in the way of a button. The hub names a token on the first connection and asks
//! for it on the second.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use credentials::Ticket;
use forward::Body;
use http::{Method, Request, Response, StatusCode};
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::AbortOnDropHandle;

use super::{Inside, Problem};

/// Longer than any token, in bytes.
const MAX: usize = 128;

/// What this connection has to do with the second one.
#[derive(Debug, Clone)]
pub(crate) enum Second {
    /// It is the first: here the second is asked for.
    Asked(Asks),
    /// It is the second, and was asked for with this token.
    IsThis(Arc<Ticket>),
}

/// Where to ask for a second connection. Clones share it; when the last one is gone, the second
/// connection ends.
#[derive(Debug, Clone)]
pub(crate) struct Asks {
    wishes: mpsc::Sender<Wish>,
    /// The connection that was made last. There is never more than one.
    made: Arc<Mutex<Option<Made>>>,
}

/// A second connection, served until this is dropped.
pub(crate) type Made = AbortOnDropHandle<()>;

/// The hub wants a second connection.
#[derive(Debug)]
pub(crate) struct Wish {
    /// What is to be served on it.
    pub(crate) inside: Inside,
    /// Who wants to know when it is there; nobody if it can't be made.
    pub(crate) made: oneshot::Sender<Made>,
}

impl Asks {
    /// Where to ask, and where whoever dials hears it.
    pub(crate) fn new() -> (Self, mpsc::Receiver<Wish>) {
        let (wishes, heard) = mpsc::channel(1);
        (Self { wishes, made: Arc::default() }, heard)
    }

    /// Waits for the end of the second connection, if there is one.
    pub(crate) async fn finished(&self) {
        let made = self.lock().take();
        if let Some(made) = made {
            let _ = made.await;
        }
    }

    /// Makes the connection, unless this agent stops.
    async fn fulfil(&self, inside: Inside) -> Option<()> {
        let stopping = inside.stopping.clone();
        let (made, answer) = oneshot::channel();
        self.wishes.try_send(Wish { inside, made }).ok()?;
        let new = stopping.run_until_cancelled(answer).await?.ok()?;
        *self.lock() = Some(new);
        Some(())
    }

    fn lock(&self) -> MutexGuard<'_, Option<Made>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens the second connection. An older one ends.
pub(super) async fn open(inside: &Inside, body: Body) -> Result<Response<Body>, Problem> {
    let text = forward::collect(body, MAX).await.map_err(|_| Problem::Unreadable)?;
    let text = std::str::from_utf8(&text).map_err(|_| Problem::Unreadable)?;
    let token = Ticket::parse(text).ok_or(Problem::Unreadable)?;
    let Second::Asked(asks) = &inside.second else { return Err(Problem::NoSuchRoute) };
    let second = Inside { second: Second::IsThis(Arc::new(token)), ..inside.clone() };
    asks.fulfil(second).await.ok_or(Problem::NoBulk)?;
    let mut answer = Response::new(forward::empty());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    Ok(answer)
}

/// Shows the token on the second connection, where the hub may ask the agent for nothing else.
pub(super) fn show(token: &Ticket, request: &Request<Body>) -> Result<Response<Body>, Problem> {
    match (request.method(), request.uri().path()) {
        (&Method::GET, wire::BULK_PATH) => Ok(Response::new(forward::full(token.encode()))),
        _ => Err(Problem::NoSuchRoute),
    }
}
