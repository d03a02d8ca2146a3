//! HTTP/1.1 as one may write it, and in no other way. Where messages begin and end can be written so
//! that two programs read it differently; the library behind this one reads some of those forms in a
//! sensible way, and the next program perhaps in another (request smuggling). Here they are refused:
//! what comes is looked at while it is read, and the first byte that shouldn't be there becomes one
//! that can't be. The library then answers 400 and closes the connection, as for anything malformed, or
//! closes it without an answer where that byte came in a later piece of a header.

use tokio::io::ReadBuf;

use super::work::Work;
use crate::Framing;

/// A byte that is allowed nowhere in a header and in no line of chunks.
const NEVER: u8 = 0;

/// What looks at a connection's incoming bytes until it has become a WebSocket.
pub(super) struct Strict {
    work: Work,
    /// `None` once something was refused.
    framing: Option<Framing>,
}

impl Strict {
    pub(super) fn new(work: Work) -> Self {
        Self { work, framing: Some(Framing::default()) }
    }

    /// Whether something was refused. Nothing is read behind it.
    pub(super) const fn has_refused(&self) -> bool {
        self.framing.is_none()
    }

    /// Looks at what came behind the first `before` bytes, and cuts it off where it is wrong.
    pub(super) fn look(&mut self, read: &mut ReadBuf<'_>, before: usize) {
        let Some(framing) = self.framing.as_mut().filter(|_| !self.work.is_upgraded()) else {
            return;
        };
        let come = read.filled_mut().get_mut(before..).unwrap_or_default();
        if let Some(at) = framing.first_wrong(come) {
            come.iter_mut().skip(at).take(1).for_each(|byte| *byte = NEVER);
            read.set_filled(before + at + 1);
            self.framing = None;
        }
    }
}
