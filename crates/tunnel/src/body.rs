//! A body as it arrives through the tunnel.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use h2::RecvStream;
use http_body::{Frame, SizeHint};
use printer::AccountId;
use tokio::sync::oneshot;

use crate::{
    Error, Limits,
    basin::Basin,
    budget::{Allowance, Reader},
    exchange::Exchange,
    source::Source,
};

/// A received body. It is read only as fast as it is asked for: the other side may send as much
/// again as was taken out, so a reader that stalls holds up its own stream and no other.
///
/// Dropped before its end at the hub, it cancels the request.
#[derive(Debug)]
pub struct Body {
    arrived: Basin,
    ended: bool,
}

impl Body {
    /// The body of an answer, which gives up its exchange if it isn't read to the end.
    pub(crate) fn of_answer(
        stream: RecvStream,
        exchange: Exchange,
        limits: &Limits,
        (allowance, reader): (&Allowance, Reader),
    ) -> Self {
        let counted = |basin: &Basin| basin.count(allowance.open(basin.downgrade(), reader));
        Self::new(stream, Some(exchange), limits, counted)
    }

    /// The body of a request.
    pub(crate) fn of_request(stream: RecvStream, limits: &Limits) -> Self {
        Self::new(stream, None, limits, |_| ())
    }

    fn new(
        mut stream: RecvStream,
        exchange: Option<Exchange>,
        limits: &Limits,
        count: impl FnOnce(&Basin),
    ) -> Self {
        let flow = stream.flow_control().clone();
        let arrived = Basin::new(Source::new(flow, exchange, limits.stream_window));
        let mut body = Self { arrived, ended: false };
        if stream.is_end_stream() {
            body.end();
            return body;
        }
        count(&body.arrived);
        let filling = tokio::spawn(body.arrived.clone().fill(stream)).abort_handle();
        if body.arrived.with_source(|source| source.filled_by(filling.clone())).is_none() {
            filling.abort();
        }
        body
    }

    /// Counts what waits of it for this person, or for nobody, from now on.
    pub fn counts_for(&self, allowance: &Allowance, person: Option<AccountId>) {
        if !self.ended {
            let reader = Reader { person, urgent: false };
            self.arrived.count(allowance.open(self.arrived.downgrade(), reader));
        }
    }

    /// Tells when so many bytes have arrived and more may follow, whether or not they were read. Dropped
    /// without a word if nothing follows, or the body breaks off.
    pub fn reaches(&self, bytes: u64) -> oneshot::Receiver<()> {
        self.arrived.mark(bytes)
    }

    fn end(&mut self) {
        self.ended = true;
        self.arrived.with_source(Source::finish);
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        self.arrived.close();
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
        let next = ready!(self.arrived.poll(cx));
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
