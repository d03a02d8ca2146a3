//! Bodies: one type for every body that is forwarded, and a bounded channel that ends in an
//! error unless its sender says that it is complete. A transfer that was cut off must never look
//! like one that has finished.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::{BodyExt, Empty, Full, combinators::UnsyncBoxBody};
use tokio::sync::mpsc;

/// What may go wrong in the middle of a body.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A body on its way from one side to the other.
pub type Body = UnsyncBoxBody<Bytes, BoxError>;

/// Pieces that may wait in a [`channel`]. With pieces of 16 KiB, 128 KiB at most.
const DEPTH: usize = 8;

/// A body without bytes.
pub fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// A body of known bytes.
pub fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// Reads a whole body of at most `limit` bytes.
///
/// # Errors
/// The body breaks off, or is longer.
pub async fn collect(mut body: Body, limit: usize) -> Result<Bytes, BoxError> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(piece) = frame?.into_data() else { continue };
        if bytes.len() + piece.len() > limit {
            return Err("the message is too long".into());
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes.freeze())
}

/// The same body with what has already come of it, and whether that is all. A small answer is
/// often there in one piece, and then nothing of the printer's hangs on it any more.
pub fn at_hand(mut body: Body) -> (Body, bool) {
    match body.frame().now_or_never() {
        Some(Some(Ok(frame))) => match frame.into_data() {
            Ok(piece) if body.is_end_stream() => (full(piece), true),
            Ok(piece) => (begun(piece, body), false),
            // Trailers come last, and stay behind.
            Err(_) => (empty(), true),
        },
        Some(None) => (empty(), true),
        Some(Some(Err(error))) => (broken(error), true),
        None => (body, false),
    }
}

/// A body of which something was read already.
pub fn begun(read: Bytes, rest: Body) -> Body {
    Begun { read: Some(read), rest }.boxed_unsync()
}

fn broken(error: BoxError) -> Body {
    Broken(Some(error)).boxed_unsync()
}

/// A body that is written piece by piece. The sender waits while eight pieces are unread.
pub fn channel() -> (BodySender, Body) {
    let (pieces, received) = mpsc::channel(DEPTH);
    let finished = Arc::new(AtomicBool::new(false));
    let body = ChannelBody { pieces: received, finished: Arc::clone(&finished) };
    (BodySender { pieces, finished }, body.boxed_unsync())
}

/// The writing end of a [`channel`]. Dropped before [`BodySender::finish`], the body ends in
/// [`CutOff`].
#[derive(Debug)]
pub struct BodySender {
    pieces: mpsc::Sender<Bytes>,
    finished: Arc<AtomicBool>,
}

/// Nobody reads the body any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("nobody reads this body any more")]
pub struct Closed;

/// The sender went away in the middle of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the transfer was cut off")]
pub struct CutOff;

impl BodySender {
    /// Writes one piece; waits while too many are unread. Empty pieces are dropped, because an
    /// HTTP/2 connection counts them against its sender.
    pub async fn send(&self, piece: Bytes) -> Result<(), Closed> {
        if piece.is_empty() {
            return if self.pieces.is_closed() { Err(Closed) } else { Ok(()) };
        }
        self.pieces.send(piece).await.map_err(|_| Closed)
    }

    /// Waits until nobody reads the body any more.
    pub async fn closed(&self) {
        self.pieces.closed().await;
    }

    /// Ends the body properly.
    pub fn finish(self) {
        self.finished.store(true, Ordering::Release);
    }
}

struct Begun {
    read: Option<Bytes>,
    rest: Body,
}

impl http_body::Body for Begun {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.read.take() {
            Some(read) => Poll::Ready(Some(Ok(Frame::data(read)))),
            None => Pin::new(&mut self.rest).poll_frame(cx),
        }
    }

    fn size_hint(&self) -> SizeHint {
        let read = self.read.as_ref().and_then(|read| u64::try_from(read.len()).ok());
        let (read, rest) = (read.unwrap_or_default(), self.rest.size_hint());
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(read));
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper.saturating_add(read));
        }
        hint
    }
}

/// A body that broke off before anything of it was passed on.
struct Broken(Option<BoxError>);

impl http_body::Body for Broken {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Poll::Ready(self.0.take().map(Err))
    }
}

struct ChannelBody {
    pieces: mpsc::Receiver<Bytes>,
    finished: Arc<AtomicBool>,
}

impl http_body::Body for ChannelBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let piece = ready!(self.pieces.poll_recv(cx));
        Poll::Ready(match piece {
            Some(piece) => Some(Ok(Frame::data(piece))),
            None if self.finished.swap(true, Ordering::AcqRel) => None,
            None => Some(Err(CutOff.into())),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.finished.load(Ordering::Acquire) && self.pieces.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_finished_body_ends_without_error() {
        let (sender, body) = channel();
        sender.send(Bytes::from_static(b"layer 1")).await.unwrap();
        sender.finish();
        assert_eq!(body.collect().await.unwrap().to_bytes(), "layer 1");
    }

    // covers: RL-7
    #[tokio::test]
    async fn a_body_whose_sender_vanished_never_looks_complete() {
        let (sender, body) = channel();
        sender.send(Bytes::from_static(b"half")).await.unwrap();
        drop(sender);
        assert!(body.collect().await.unwrap_err().is::<CutOff>());
    }

    // covers: RL-7
    #[tokio::test]
    async fn what_is_at_hand_is_taken_and_nothing_of_the_rest_is_lost() {
        let (body, whole) = at_hand(full("all"));
        assert!(whole);
        assert_eq!(body.collect().await.unwrap().to_bytes(), "all");

        let (sender, body) = channel();
        let (body, whole) = at_hand(body);
        assert!(!whole, "nothing has come yet");
        sender.send(Bytes::from_static(b"one ")).await.unwrap();
        let (body, whole) = at_hand(body);
        assert!(!whole, "more may come");
        sender.send(Bytes::from_static(b"two")).await.unwrap();
        sender.finish();
        assert_eq!(body.collect().await.unwrap().to_bytes(), "one two");

        let (sender, body) = channel();
        drop(sender);
        let (body, _) = at_hand(body);
        assert!(body.collect().await.unwrap_err().is::<CutOff>());
    }

    #[tokio::test]
    async fn no_more_is_read_than_the_limit() {
        assert_eq!(collect(full("12345"), 5).await.unwrap(), "12345");
        assert!(collect(full("123456"), 5).await.is_err());
    }

    #[tokio::test]
    async fn the_sender_hears_that_nobody_listens() {
        let (sender, body) = channel();
        drop(body);
        sender.closed().await;
        assert_eq!(sender.send(Bytes::new()).await, Err(Closed));
        assert_eq!(sender.send(Bytes::from_static(b"x")).await, Err(Closed));
    }
}
