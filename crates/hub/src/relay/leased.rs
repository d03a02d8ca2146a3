//! A printer's answer that ends when its visitor may no longer see it.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::hold::Hold;

/// A body that is cut off when its hold ends.
pub(super) struct Leased<B> {
    body: B,
    ended: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// The visitor signed out, or may no longer use the printer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the session under which this was relayed has ended")]
pub(super) struct LeaseEnded;

impl<B> Leased<B> {
    pub(super) fn new(body: B, mut hold: Hold) -> Self {
        Self { body, ended: Box::pin(async move { hold.ended().await }) }
    }
}

impl<B> Body for Leased<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<axum::BoxError>,
{
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.ended.as_mut().poll(cx).is_ready() {
            // Polled again, a finished future would panic: it is replaced by one that is ready.
            self.ended = Box::pin(std::future::ready(()));
            return Poll::Ready(Some(Err(LeaseEnded.into())));
        }
        Pin::new(&mut self.body).poll_frame(cx).map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
