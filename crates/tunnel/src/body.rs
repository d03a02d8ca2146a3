//! A body as it arrives through the tunnel.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use h2::RecvStream;
use http_body::{Frame, SizeHint};

use crate::{Error, exchange::Exchange};

/// A received body. It is read only as fast as it is asked for: the other side may send as much
/// again as was taken out, so a reader that stalls holds up its own stream and no other.
///
/// Dropped before its end at the hub, it cancels the request. Trailers are dropped.
#[derive(Debug)]
pub struct Body {
    stream: RecvStream,
    exchange: Option<Exchange>,
    ended: bool,
}

impl Body {
    /// The body of an answer, which gives up its exchange if it isn't read to the end.
    pub(crate) fn of_answer(stream: RecvStream, exchange: Exchange) -> Self {
        let mut body = Self { stream, exchange: Some(exchange), ended: false };
        if body.stream.is_end_stream() {
            body.end();
        }
        body
    }

    /// The body of a request.
    pub(crate) fn of_request(stream: RecvStream) -> Self {
        Self { stream, exchange: None, ended: false }
    }

    fn end(&mut self) {
        self.ended = true;
        if let Some(exchange) = self.exchange.take() {
            exchange.finish();
        }
    }

    /// The next bytes, of which as many may be sent again. An empty frame, which may come with
    /// the end of the stream, is nothing to anyone.
    fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        loop {
            let Some(bytes) = ready!(self.stream.poll_data(cx)) else { return Poll::Ready(None) };
            let bytes = bytes?;
            if !bytes.is_empty() {
                self.stream.flow_control().release_capacity(bytes.len())?;
                return Poll::Ready(Some(Ok(bytes)));
            }
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let next = ready!(self.poll_bytes(cx));
        if next.is_none() {
            self.end();
        }
        Poll::Ready(next.map(|bytes| bytes.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.stream.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.is_end_stream() { SizeHint::with_exact(0) } else { SizeHint::default() }
    }
}
