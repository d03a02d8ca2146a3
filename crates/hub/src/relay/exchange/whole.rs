//! An answer of which the agent may hand over the rest behind the first 64 KiB ([`wire::LARGE`]). The
//! rest is fetched as soon as its token has arrived, however slowly the visitor reads.

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
use wire::{LARGE_HEADER, REST_TRAILER};

/// Both parts of a body, one after the other.
pub(super) struct Whole {
    now: Option<tunnel::Body>,
    rest: Option<Fetching>,
    /// Bytes still to come, if the agent said how many.
    left: Option<u64>,
}

type Fetched = Result<tunnel::Body, BoxError>;

struct Fetching {
    fetched: oneshot::Receiver<Fetched>,
    _task: AbortOnDropHandle<()>,
}

impl Whole {
    /// A body that comes in one part.
    pub(super) const fn here(body: tunnel::Body) -> Self {
        Self { now: Some(body), rest: None, left: None }
    }

    /// The body of an answer with these headers, whose `Content-Length` is put right.
    pub(super) fn of<F>(
        headers: &mut HeaderMap,
        mut first: tunnel::Body,
        fetch: impl FnOnce(Ticket) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = Fetched> + Send,
    {
        let Some(said) = headers.remove(LARGE_HEADER) else { return Self::here(first) };
        let left = said.to_str().ok().and_then(|length| length.parse().ok());
        if let Some(length) = left {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        let rest = first.trailers().map(|trailers| Fetching::begin(trailers, fetch));
        Self { now: Some(first), rest, left }
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
            if let Some(body) = self.now.as_mut() {
                match ready!(Pin::new(body).poll_frame(cx)) {
                    Some(Ok(frame)) => {
                        let piece = frame.into_data().unwrap_or_default();
                        let counted = self.count(&piece);
                        return Poll::Ready(Some(counted.map(|()| piece).map_err(Into::into)));
                    }
                    Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                    None => self.now = None,
                }
            }
            let Some(rest) = self.rest.as_mut() else { return Poll::Ready(self.end()) };
            let fetched = ready!(Pin::new(&mut rest.fetched).poll(cx));
            self.rest = None;
            match fetched {
                Ok(Ok(body)) => self.now = Some(body),
                Ok(Err(error)) => return Poll::Ready(Some(Err(error))),
                // There is no rest.
                Err(_) => {}
            }
        }
    }
}

impl Fetching {
    fn begin<F>(
        trailers: oneshot::Receiver<HeaderMap>,
        fetch: impl FnOnce(Ticket) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = Fetched> + Send,
    {
        let (done, fetched) = oneshot::channel();
        let task = tokio::spawn(async move {
            let Ok(said) = trailers.await else { return };
            let Some(token) = said.get(REST_TRAILER) else { return };
            let token = token.to_str().ok().and_then(Ticket::parse);
            let _ = done.send(match token {
                Some(token) => fetch(token).await,
                None => Err(CutOff.into()),
            });
        });
        Self { fetched, _task: AbortOnDropHandle::new(task) }
    }
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
        self.rest.is_none()
            && self.left.is_none_or(|left| left == 0)
            && self.now.as_ref().is_none_or(Body::is_end_stream)
    }
}
