//! From the printer to the visitor: bytes as they come, and an eye on where frames end, since a
//! close frame of ours may stand only between two of them.

use std::io::Cursor;

use bytes::Bytes;
use forward::{Body, BodySender, BoxError};
use http_body_util::BodyExt;
use tungstenite::protocol::frame::{CloseFrame, Frame, FrameHeader};

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

/// Where frames end in a stream of bytes.
#[derive(Debug, Clone, Default)]
struct Ends {
    /// The beginning of a header.
    header: Vec<u8>,
    /// What is missing of a payload.
    left: u64,
    /// A header made no sense.
    lost: bool,
}

impl Ends {
    fn follow(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !self.lost {
            let step = self.step(bytes);
            bytes = bytes.get(step..).unwrap_or_default();
        }
    }

    /// How many of these bytes belong to the frame that was begun; `None` if it goes on after
    /// them.
    fn next(mut self, bytes: &[u8]) -> Option<usize> {
        let mut read = 0;
        while !self.is_between() {
            let rest = bytes.get(read..).filter(|rest| !rest.is_empty() && !self.lost)?;
            read += self.step(rest);
        }
        Some(read)
    }

    const fn is_between(&self) -> bool {
        self.header.is_empty() && self.left == 0 && !self.lost
    }

    /// Reads on to the end of a payload, or one byte of a header; the bytes aren't none.
    fn step(&mut self, bytes: &[u8]) -> usize {
        if self.left > 0 {
            let count = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
            self.left -= count as u64;
            return count;
        }
        self.header.extend(bytes.first());
        match FrameHeader::parse(&mut Cursor::new(&self.header)) {
            Ok(None) => {}
            Ok(Some((_, length))) => {
                self.left = length;
                self.header.clear();
            }
            Err(_) => self.lost = true,
        }
        1
    }
}
