//! What a printer says in a WebSocket, until we have to leave: then comes the rest of the frame
//! that was begun, and a close frame that says why.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame};
use tungstenite::protocol::frame::{CloseFrame, Frame as WebSocketFrame};

use super::Ends;

/// Why a socket is closed by somebody between its ends (RFC 6455, 7.4.1, and the registry there).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaving {
    /// This end stops: 1001.
    Stop,
    /// This end is started anew; it is worth coming again: 1012.
    Restart,
}

/// A body that ends with a close frame once a future has said why.
#[derive(Debug)]
pub struct Parting<B, F> {
    body: B,
    why: Pin<Box<F>>,
    leaving: Option<Leaving>,
    ends: Ends,
    is_over: bool,
}

impl Leaving {
    fn frame(self) -> Bytes {
        let (code, reason) = match self {
            Self::Stop => (1001, "the hub stops"),
            Self::Restart => (1012, "the hub is being restarted"),
        };
        let frame = CloseFrame { code: code.into(), reason: reason.into() };
        let mut bytes = Vec::new();
        match WebSocketFrame::close(Some(frame)).format(&mut bytes) {
            Ok(()) => bytes.into(),
            Err(_) => Bytes::new(),
        }
    }
}

impl<B, F: Future<Output = Leaving>> Parting<B, F> {
    /// The frames in `body`, from the first, until `why` has an answer.
    pub fn new(body: B, why: F) -> Self {
        Self { body, why: Box::pin(why), leaving: None, ends: Ends::default(), is_over: false }
    }

    /// Whether it is to end; asks no more once that is known.
    fn leaving(&mut self, cx: &mut Context<'_>) -> Option<Leaving> {
        if self.leaving.is_none()
            && let Poll::Ready(why) = self.why.as_mut().poll(cx)
        {
            self.leaving = Some(why);
        }
        self.leaving
    }
}

impl<B, F> Body for Parting<B, F>
where
    B: Body<Data = Bytes> + Unpin,
    F: Future<Output = Leaving>,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let leaving = self.leaving(cx);
        if let Some(why) = leaving.filter(|_| self.ends.is_between()) {
            self.is_over = true;
            return Poll::Ready(Some(Ok(Frame::data(why.frame()))));
        }
        let frame = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
            Some(Ok(frame)) => frame,
            ended => return Poll::Ready(ended),
        };
        let Ok(mut bytes) = frame.into_data() else { return Poll::Ready(None) };
        if leaving.is_some() {
            bytes.truncate(self.ends.clone().next(&bytes).unwrap_or(bytes.len()));
        }
        self.ends.follow(&bytes);
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use tokio::sync::oneshot;

    use super::*;
    use crate::channel;

    /// A text frame of five bytes.
    const HELLO: &[u8] = b"\x81\x05hello";
    const GONE: &[u8] = b"\x88\x0f\x03\xe9the hub stops";

    async fn next<F>(parting: &mut Parting<crate::Body, F>) -> Bytes
    where
        F: Future<Output = Leaving>,
    {
        parting.frame().await.unwrap().unwrap().into_data().unwrap()
    }

    // covers: OP-3
    #[tokio::test]
    async fn a_close_frame_stands_between_two_frames() {
        for cut in 0..=HELLO.len() {
            let (printer, body) = channel();
            let (leave, why) = oneshot::channel();
            let mut parting = Parting::new(body, async { why.await.unwrap_or(Leaving::Restart) });
            let (begun, rest) = HELLO.split_at(cut);
            printer.send([HELLO, begun].concat().into()).await.unwrap();
            assert_eq!(next(&mut parting).await, [HELLO, begun].concat());
            leave.send(Leaving::Stop).unwrap();
            if cut != 0 && cut != HELLO.len() {
                printer.send([rest, HELLO].concat().into()).await.unwrap();
                assert_eq!(next(&mut parting).await, rest, "cut at {cut}");
            }
            assert_eq!(next(&mut parting).await, GONE);
            assert!(parting.frame().await.is_none());
        }
    }
}
