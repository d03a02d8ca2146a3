//! What a request holds while it is under way, at the end that sent it.

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::{resets::Resets, slots::Slot};

/// Lives from before the request is sent until its answer is read. Dropped earlier, it counts as
/// cancelled: whatever still sends the request's body is told to stop, and the stream is reset.
#[derive(Debug)]
pub(crate) struct Exchange {
    _slot: Slot,
    resets: Arc<Resets>,
    pump: Option<oneshot::Sender<Finished>>,
    finished: bool,
}

/// The answer is complete; the request's body may go on for as long as it likes.
#[derive(Debug)]
pub(crate) struct Finished;

impl Exchange {
    pub(crate) fn new(slot: Slot, resets: Arc<Resets>) -> Self {
        Self { _slot: slot, resets, pump: None, finished: false }
    }

    /// The sign by which a pump learns how this exchange ended.
    pub(crate) fn watch(&mut self) -> oneshot::Receiver<Finished> {
        let (sender, receiver) = oneshot::channel();
        self.pump = Some(sender);
        receiver
    }

    /// The answer was read to its end.
    pub(crate) fn finish(mut self) {
        self.finished = true;
        if let Some(pump) = self.pump.take() {
            let _ = pump.send(Finished);
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if !self.finished {
            self.resets.note();
        }
    }
}
