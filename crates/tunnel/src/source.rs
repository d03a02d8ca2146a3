//! Where the bytes of a body come from, and how many more of them may be sent ahead.

use h2::FlowControl;
use tokio::task::AbortHandle;

use crate::exchange::Exchange;

/// What a stream may send ahead while memory is scarce, in bytes.
const SCARCE: usize = 64 * 1024;

/// One stream of the connection, as its reader holds it. Dropped before the end, it gives the
/// stream up.
#[derive(Debug)]
pub(crate) struct Source {
    flow: FlowControl,
    exchange: Option<Exchange>,
    filling: Option<AbortHandle>,
    /// What was read and may not be sent again yet, in bytes.
    kept: usize,
    /// The most of that.
    most: usize,
}

impl Source {
    /// A stream that may send so many bytes ahead.
    pub(crate) fn new(flow: FlowControl, exchange: Option<Exchange>, window: u32) -> Self {
        let window = usize::try_from(window).unwrap_or(usize::MAX);
        Self { flow, exchange, filling: None, kept: 0, most: window.saturating_sub(SCARCE) }
    }

    /// The task that takes its bytes out of the connection.
    pub(crate) fn filled_by(&mut self, filling: AbortHandle) {
        self.filling = Some(filling);
    }

    /// Everything was read.
    pub(crate) fn finish(&mut self) {
        if let Some(exchange) = self.exchange.take() {
            exchange.finish();
        }
    }

    /// So many bytes were read, and may be sent again: later, while memory is scarce.
    pub(crate) fn was_read(&mut self, bytes: usize, is_scarce: bool) {
        let read = self.kept.saturating_add(bytes);
        self.kept = if is_scarce { read.min(self.most) } else { 0 };
        // Nothing more may be sent when the stream has ended, which is no error.
        let _ = self.flow.release_capacity(read - self.kept);
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        if let Some(filling) = &self.filling {
            filling.abort();
        }
    }
}
