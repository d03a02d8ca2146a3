//! From the printer to the visitor: bytes as they come, and an eye on where frames end, since a
//! close frame of ours may stand only between two of them.

use bytes::Bytes;
use forward::{Body, BodySender, BoxError, websocket::Ends};
use http_body_util::BodyExt;
use tungstenite::protocol::frame::{CloseFrame, Frame};

use super::Closing;

pub(super) struct Inbound {
    from_printer: Body,
    to_visitor: BodySender,
    /// Received and not passed on yet.
    waiting: Bytes,
    ends: Ends,
}

impl Inbound {
    pub(super) fn new(from_printer: Body, to_visitor: BodySender) -> Self {
        let (waiting, ends) = (Bytes::new(), Ends::default());
        Self { from_printer, to_visitor, waiting, ends }
    }

    /// Passes everything on until the printer has ended. May be dropped and called again.
    pub(super) async fn run(&mut self) -> Result<(), BoxError> {
        loop {
            self.pass(self.waiting.len()).await?;
            if !self.receive().await? {
                return Ok(());
            }
        }
    }

    /// Ends the visitor's side properly.
    pub(super) fn finish(self) {
        self.to_visitor.finish();
    }

    /// Passes on the rest of the frame that was begun, and then a close frame. What the printer
    /// says goes on unheard.
    pub(super) async fn close(mut self, closing: Closing) -> Result<Body, BoxError> {
        loop {
            let rest = self.ends.clone().next(&self.waiting);
            self.pass(rest.unwrap_or(self.waiting.len())).await?;
            if rest.is_some() {
                break;
            }
            if !self.receive().await? {
                return Ok(self.from_printer);
            }
        }
        let frame = CloseFrame { code: closing.code.into(), reason: closing.reason.into() };
        let mut bytes = Vec::new();
        Frame::close(Some(frame)).format(&mut bytes)?;
        self.to_visitor.send(bytes.into()).await?;
        self.to_visitor.finish();
        Ok(self.from_printer)
    }

    async fn receive(&mut self) -> Result<bool, BoxError> {
        let frame = tokio::select! {
            frame = self.from_printer.frame() => frame,
            () = self.to_visitor.closed() => return Err(forward::Closed.into()),
        };
        let Some(frame) = frame else { return Ok(false) };
        self.waiting = frame?.into_data().unwrap_or_default();
        Ok(true)
    }

    async fn pass(&mut self, count: usize) -> Result<(), BoxError> {
        let piece = self.waiting.slice(..count);
        self.to_visitor.send(piece.clone()).await?;
        self.ends.follow(&piece);
        self.waiting = self.waiting.slice(count..);
        Ok(())
    }
}
