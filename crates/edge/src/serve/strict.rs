//! HTTP/1.1 as one may write it, and in no other way. Where messages begin and end can be written so
//! that two programs read it differently; the library behind this one reads some of those forms in a
//! sensible way, and the next program perhaps in another (request smuggling). Here they are refused:
//! what comes is looked at while it is read, and the first byte that shouldn't be there becomes one
//! that can't be. The library then answers 400 and closes the connection, as for anything malformed.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::work::Work;
use crate::Framing;

/// A byte that is allowed nowhere in a header and in no line of chunks.
const NEVER: u8 = 0;

/// A connection whose incoming bytes are looked at until it has become a WebSocket.
pub(super) struct Strict<S> {
    stream: S,
    work: Work,
    framing: Option<Framing>,
}

impl<S> Strict<S> {
    pub(super) fn new(stream: S, work: Work) -> Self {
        Self { stream, work, framing: Some(Framing::default()) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Strict<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buf.filled().len();
        // Nothing is read behind what was refused.
        let Some(framing) = &mut this.framing else { return Poll::Ready(Ok(())) };
        std::task::ready!(Pin::new(&mut this.stream).poll_read(cx, buf))?;
        if this.work.is_upgraded() {
            return Poll::Ready(Ok(()));
        }
        let come = buf.filled_mut().get_mut(before..).unwrap_or_default();
        if let Some(at) = framing.first_wrong(come) {
            come.iter_mut().skip(at).take(1).for_each(|byte| *byte = NEVER);
            buf.set_filled(before + at + 1);
            this.framing = None;
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Strict<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
