//! A body as it arrives through the tunnel.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use h2::{FlowControl, RecvStream};
use http_body::{Frame, SizeHint};
use tokio::task::AbortHandle;

use crate::{Error, basin::Basin, exchange::Exchange};

/// A received body. It is read only as fast as it is asked for: the other side may send as much
/// again as was taken out, so a reader that stalls holds up its own stream and no other.
///
/// Dropped before its end at the hub, it cancels the request. Trailers are dropped.
#[derive(Debug)]
pub struct Body {
    arrived: Basin,
    flow: FlowControl,
    exchange: Option<Exchange>,
    ended: bool,
    filling: Option<AbortHandle>,
}

impl Body {
    /// The body of an answer, which gives up its exchange if it isn't read to the end.
    pub(crate) fn of_answer(stream: RecvStream, exchange: Exchange) -> Self {
        Self::new(stream, Some(exchange))
    }

    /// The body of a request.
    pub(crate) fn of_request(stream: RecvStream) -> Self {
        Self::new(stream, None)
    }

    fn new(mut stream: RecvStream, exchange: Option<Exchange>) -> Self {
        let (arrived, flow) = (Basin::default(), stream.flow_control().clone());
        let mut body = Self { arrived, flow, exchange, ended: false, filling: None };
        if stream.is_end_stream() {
            body.end();
        } else {
            let filling = tokio::spawn(body.arrived.clone().fill(stream));
            body.filling = Some(filling.abort_handle());
        }
        body
    }

    fn end(&mut self) {
        self.ended = true;
        if let Some(exchange) = self.exchange.take() {
            exchange.finish();
        }
    }

    /// The next bytes, of which as many may be sent again.
    fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        let Some(bytes) = ready!(self.arrived.poll(cx)) else { return Poll::Ready(None) };
        let bytes = bytes?;
        // Nothing more may be sent when the stream has ended, which is no error.
        let _ = self.flow.release_capacity(bytes.len());
        Poll::Ready(Some(Ok(bytes)))
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        if let Some(filling) = &self.filling {
            filling.abort();
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
        if next.is_none() || self.arrived.is_at_end() {
            self.end();
        }
        Poll::Ready(next.map(|bytes| bytes.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.arrived.is_at_end()
    }

    fn size_hint(&self) -> SizeHint {
        if self.is_end_stream() { SizeHint::with_exact(0) } else { SizeHint::default() }
    }
}
