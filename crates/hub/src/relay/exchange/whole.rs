//! An answer that may wait at the agent behind its first part ([`wire::REST_HEADER`]) for the hub's
//! word. That is given as soon as the first part has arrived, however slowly the visitor reads.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use credentials::Ticket;
use forward::{BoxError, CutOff};
use http::{HeaderMap, HeaderValue, header::CONTENT_LENGTH};
use http_body::{Body, Frame};
use tokio::sync::oneshot;
use tokio_util::task::AbortOnDropHandle;
use wire::{LARGE_HEADER, REST_HEADER};

/// Both parts of a body, one after the other.
pub(super) struct Whole {
    now: Option<tunnel::Body>,
    rest: Rest,
    /// Bytes still to come, if the agent said how many.
    left: Option<u64>,
}

enum Rest {
    /// It isn't known yet whether there is one.
    Asked(Fetching),
    /// It comes over the other connection.
    There(tunnel::Body),
    /// There is none.
    None,
}

/// The rest, if it comes over the other connection.
type Fetched = Result<Option<tunnel::Body>, BoxError>;

struct Fetching {
    fetched: oneshot::Receiver<Fetched>,
    _task: AbortOnDropHandle<()>,
}

impl Whole {
    /// A body that comes in one part.
    pub(super) const fn here(body: tunnel::Body) -> Self {
        Self { now: Some(body), rest: Rest::None, left: None }
    }

    /// The body of an answer with these headers, whose `Content-Length` is put right.
    pub(super) fn of<F>(
        headers: &mut HeaderMap,
        first: tunnel::Body,
        fetch: impl FnOnce(Ticket) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = Fetched> + Send + 'static,
    {
        let Some(said) = headers.remove(LARGE_HEADER) else { return Self::here(first) };
        let left = said.to_str().ok().and_then(|length| length.parse().ok());
        if let Some(length) = left {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        let rest = headers.remove(REST_HEADER).and_then(|said| point(&said));
        let rest = rest.map_or(Rest::None, |(bytes, token)| {
            Rest::Asked(Fetching::begin(first.reaches(bytes), fetch(token)))
        });
        // What follows a first part whose token can't be read can't be had: it mustn't look whole.
        let is_lost = matches!(rest, Rest::None);
        Self { now: Some(first), left: left.or(is_lost.then_some(u64::MAX)), rest }
    }

    fn end(&mut self) -> Option<Result<Bytes, BoxError>> {
        let is_short = self.left.take().is_some_and(|left| left > 0);
        is_short.then(|| Err(CutOff.into()))
    }

    fn count(&mut self, piece: &Bytes) -> Result<(), CutOff> {
        if let Some(left) = &mut self.left {
            let length = u64::try_from(piece.len()).unwrap_or(u64::MAX);
            *left = left.checked_sub(length).ok_or(CutOff)?;
        }
        Ok(())
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BoxError>>> {
        loop {
            if let Poll::Ready(Some(piece)) = self.poll_now(cx) {
                return Poll::Ready(Some(piece));
            }
            // Where the rest is lost, nothing more comes here either.
            let rest = self.poll_rest(cx)?;
            if self.now.is_some() {
                return Poll::Pending;
            }
            ready!(rest);
            match std::mem::replace(&mut self.rest, Rest::None) {
                Rest::There(body) => self.now = Some(body),
                Rest::None | Rest::Asked(_) => return Poll::Ready(self.end()),
            }
        }
    }

    /// The next piece of the part that comes now.
    fn poll_now(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BoxError>>> {
        let Some(body) = self.now.as_mut() else { return Poll::Ready(None) };
        let Some(frame) = ready!(Pin::new(body).poll_frame(cx)) else {
            self.now = None;
            return Poll::Ready(None);
        };
        let piece = frame?.into_data().unwrap_or_default();
        let counted = self.count(&piece);
        Poll::Ready(Some(counted.map(|()| piece).map_err(Into::into)))
    }

    /// Whether it is known which way the answer goes on.
    fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        let Rest::Asked(fetching) = &mut self.rest else { return Poll::Ready(Ok(())) };
        let fetched = ready!(Pin::new(&mut fetching.fetched).poll(cx));
        self.rest = Rest::None;
        // Without a word, the answer has ended before its point.
        if let Some(body) = fetched.unwrap_or(Ok(None))? {
            self.rest = Rest::There(body);
        }
        Poll::Ready(Ok(()))
    }
}

impl Fetching {
    fn begin<F>(reached: oneshot::Receiver<()>, fetch: F) -> Self
    where
        F: Future<Output = Fetched> + Send + 'static,
    {
        let (done, fetched) = oneshot::channel();
        let task = tokio::spawn(async move {
            if reached.await.is_ok() {
                let _ = done.send(fetch.await);
            }
        });
        Self { fetched, _task: AbortOnDropHandle::new(task) }
    }
}

/// Behind how many bytes an answer waits, and by which token it is known.
fn point(said: &HeaderValue) -> Option<(u64, Ticket)> {
    let (bytes, token) = said.to_str().ok()?.split_once(' ')?;
    Some((bytes.parse().ok()?, Ticket::parse(token)?))
}

impl Body for Whole {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let piece = ready!(self.poll_piece(cx));
        Poll::Ready(piece.map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.rest, Rest::None)
            && self.left.is_none_or(|left| left == 0)
            && self.now.as_ref().is_none_or(Body::is_end_stream)
    }
}
