//! One request and its answer on one connection. Whoever stops caring in the middle, ends the
//! connection: HTTP/1.1 has no other way to say so.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::sleep;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{
    connection::{Connection, SendError},
    pool::Pool,
};
use crate::{Body, BoxError, Error};

/// What holds an exchange together after its header has arrived.
pub(super) struct Exchange {
    /// Ends the connection when dropped.
    guard: DropGuard,
    /// Fires when the request's body is no longer needed.
    sent: CancellationToken,
    /// Goes back to the pool when the answer has been read to its end, and not before: who drops
    /// the answer ends the connection, and must not end somebody else's request with it.
    connection: Connection,
    pool: Arc<Pool>,
}

pub(super) type Answered = (Response<Incoming>, Exchange);

pub(super) enum Failure {
    /// The connection had ended before a byte was sent.
    NotSent(Box<Request<Body>>),
    Failed(Error),
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NotSent(_) => Self::Upstream("closed before the request".into()),
            Failure::Failed(error) => error,
        }
    }
}

impl Exchange {
    pub(super) async fn start(
        mut connection: Connection,
        request: Request<Body>,
        patience: Duration,
        pool: &Arc<Pool>,
    ) -> Result<Answered, Failure> {
        let guard = connection.stop.clone().drop_guard();
        let sent = CancellationToken::new();
        let request = request.map(|body| Sent { body, _done: sent.clone().drop_guard() });
        let answer = tokio::select! {
            answer = connection.send(request) => answer.map_err(failure)?,
            () = expired(&sent, patience) => return Err(Failure::Failed(Error::TimedOut)),
        };
        Ok((answer, Self { guard, sent, connection, pool: Arc::clone(pool) }))
    }

    /// The answer's body, tied to the connection.
    pub(super) fn receive(self, body: Incoming) -> Body {
        let mut received = Received { body, exchange: Some(self) };
        received.release_if_complete();
        received.boxed_unsync()
    }

    /// Lets go of the connection without ending it.
    pub(super) fn release(self) {
        self.guard.disarm();
        self.pool.take_back(self.connection);
    }
}

async fn expired(sent: &CancellationToken, patience: Duration) {
    sent.cancelled().await;
    sleep(patience).await;
}

fn failure(mut error: SendError) -> Failure {
    match error.take_message() {
        Some(unsent) => Failure::NotSent(Box::new(unsent.map(|sent| sent.body))),
        None => Failure::Failed(Error::Upstream(error.into_error().into())),
    }
}

/// A request's body that says when it is done with. Trailers stay behind: nobody checks them.
pub(super) struct Sent {
    body: Body,
    _done: DropGuard,
}

impl http_body::Body for Sent {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        Poll::Ready(frame.filter(|frame| !matches!(frame, Ok(frame) if frame.is_trailers())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

struct Received {
    body: Incoming,
    exchange: Option<Exchange>,
}

impl Received {
    fn release_if_complete(&mut self) {
        if http_body::Body::is_end_stream(&self.body) {
            self.release();
        }
    }

    /// The answer is complete. A request whose body nobody has read to its end by now ends with
    /// its connection.
    fn release(&mut self) {
        if let Some(exchange) = self.exchange.take()
            && exchange.sent.is_cancelled()
        {
            exchange.release();
        }
    }
}

impl http_body::Body for Received {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        match frame {
            Some(Ok(frame)) if frame.is_data() => {
                self.release_if_complete();
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(error)) => Poll::Ready(Some(Err(error.into()))),
            Some(Ok(_)) | None => {
                self.release();
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        http_body::Body::is_end_stream(&self.body)
    }

    fn size_hint(&self) -> SizeHint {
        http_body::Body::size_hint(&self.body)
    }
}
