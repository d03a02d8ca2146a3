//! A byte stream that knows how much was read from it. On a slow uplink the answer to a ping may
//! stand behind seconds of camera picture; any byte from the other side shows that it lives.
//! It also lets others have their turn: those who take frames out of the connection must keep up
//! with the one who reads them into it, or else small frames pile up ([`crate::basin`]). And it
//! can be told to end: the library closes a connection properly only when the other side does, so
//! it is made to believe that.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What is read at one go, in bytes: at ten bytes for a frame that holds one, a tenth of the small
/// frames at which the library ends a connection.
const TURN: usize = 128 * 1024;

pub(crate) struct Watched<T> {
    io: T,
    heard: Heard,
    /// Bytes read since others had their turn.
    turn: usize,
}

/// What is known about the stream.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heard(Arc<Known>);

#[derive(Debug, Default)]
struct Known {
    bytes: AtomicU64,
    is_over: AtomicBool,
}

impl Heard {
    /// How many bytes were read so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.0.bytes.load(Ordering::Relaxed)
    }

    /// Nothing more is read: for its reader, the stream is at its end.
    pub(crate) fn end(&self) {
        self.0.is_over.store(true, Ordering::Relaxed);
    }

    fn is_over(&self) -> bool {
        self.0.is_over.load(Ordering::Relaxed)
    }

    fn add(&self, bytes: usize) {
        self.0.bytes.fetch_add(u64::try_from(bytes).unwrap_or_default(), Ordering::Relaxed);
    }
}

impl<T> Watched<T> {
    pub(crate) fn new(io: T) -> (Self, Heard) {
        let heard = Heard::default();
        (Self { io, heard: heard.clone(), turn: 0 }, heard)
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.heard.is_over() {
            return Poll::Ready(Ok(()));
        }
        if self.turn >= TURN {
            self.turn = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.io).poll_read(cx, buffer);
        let read = buffer.filled().len().saturating_sub(before);
        self.heard.add(read);
        self.turn = if result.is_pending() { 0 } else { self.turn.saturating_add(read) };
        result
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Watched<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    // covers: RL-7
    #[test]
    fn who_always_has_more_to_say_lets_others_have_their_turn() {
        let (mut watched, heard) = Watched::new(tokio::io::repeat(b'x'));
        let mut space = [0; 1024];
        let mut read = || {
            let mut buffer = ReadBuf::new(&mut space);
            Pin::new(&mut watched).poll_read(&mut Context::from_waker(Waker::noop()), &mut buffer)
        };
        for turns in 1..4 {
            for _ in 0..128 {
                assert!(read().is_ready());
            }
            assert!(read().is_pending());
            assert_eq!(heard.bytes(), turns * 128 * 1024);
        }
    }
}
