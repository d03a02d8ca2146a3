//! What a request holds while it is under way, at the end that sent it.

use std::{sync::Arc, time::Duration};

use tokio::{runtime::Handle, sync::oneshot, time::sleep};

use crate::{resets::Resets, slots::Slot};

/// How long the stream of a request that was cancelled before its answer stays taken. The other
/// side ends the connection when 1,024 cancelled requests arrive before it has looked at the
/// first, which a visitor could bring about while the agent is busy. With 256 streams it would
/// have to be busy for longer than six seconds.
const HELD_BACK: Duration = Duration::from_secs(2);

/// Lives from before the request is sent until its answer is read. Dropped earlier, it counts as
/// cancelled: whatever still sends the request's body is told to stop, and the stream is reset.
#[derive(Debug)]
pub(crate) struct Exchange {
    slot: Option<Slot>,
    resets: Arc<Resets>,
    pump: Option<oneshot::Sender<Finished>>,
    progress: Progress,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Asked,
    Answered,
    Finished,
}

/// The answer is complete; the request's body may go on for as long as it likes.
#[derive(Debug)]
pub(crate) struct Finished;

impl Exchange {
    pub(crate) fn new(slot: Slot, resets: Arc<Resets>) -> Self {
        Self { slot: Some(slot), resets, pump: None, progress: Progress::Asked }
    }

    /// The sign by which a pump learns how this exchange ended.
    pub(crate) fn watch(&mut self) -> oneshot::Receiver<Finished> {
        let (sender, receiver) = oneshot::channel();
        self.pump = Some(sender);
        receiver
    }

    /// The other side has seen the request, or never will.
    pub(crate) const fn answered(&mut self) {
        self.progress = Progress::Answered;
    }

    /// The answer was read to its end.
    pub(crate) fn finish(mut self) {
        self.progress = Progress::Finished;
        if let Some(pump) = self.pump.take() {
            let _ = pump.send(Finished);
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if self.progress != Progress::Finished {
            self.resets.note();
            self.slot.iter().for_each(Slot::given_up);
        }
        if self.progress == Progress::Asked {
            hold_back(self.slot.take());
        }
    }
}

fn hold_back(slot: Option<Slot>) {
    if let Ok(runtime) = Handle::try_current() {
        runtime.spawn(async move {
            sleep(HELD_BACK).await;
            drop(slot);
        });
    }
}
