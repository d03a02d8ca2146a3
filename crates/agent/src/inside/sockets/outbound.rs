//! From the visitor to the printer, message by message.

use std::time::Duration;

use bytes::Bytes;
use forward::{Body, BodySender, Closed};
use guard::judge_message;
use http_body_util::BodyExt;
use printer::{Level, OsRandom, Random};
use tokio::time::{Instant, sleep_until, timeout};
use tungstenite::protocol::frame::{
    Frame, FrameHeader,
    coding::{CloseCode, Control, Data, OpCode},
};

use super::{
    Closing, GRACE,
    messages::{Messages, Sent},
};

/// The largest piece that is handed on at once, in bytes.
const PIECE: usize = 16 * 1024;

/// How long a message may take from its first byte to its last: 1 MiB over a slow line.
const PATIENCE: Duration = Duration::from_mins(1);

pub(super) struct Outbound {
    pub(super) level: Level,
    pub(super) messages: Messages,
    pub(super) from_visitor: Body,
    pub(super) to_printer: BodySender,
}

/// How it ended.
pub(super) enum Ending {
    /// The visitor has said everything.
    Over,
    /// The visitor has said what may not be said.
    Refused(Closing),
    /// A connection broke.
    Broken,
}

impl Outbound {
    /// Passes on what may pass, until the end.
    pub(super) async fn run(&mut self) -> Ending {
        loop {
            let since = self.messages.waiting_since();
            let frame = tokio::select! {
                frame = self.from_visitor.frame() => frame,
                () = self.to_printer.closed() => return Ending::Broken,
                () = expired(since) => return Ending::Refused(Closing::TOO_SLOW),
            };
            let piece = match frame {
                None => return Ending::Over,
                Some(Err(_)) => return Ending::Broken,
                Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
            };
            self.messages.receive(&piece);
            if let Some(ending) = self.pass_all().await {
                return ending;
            }
        }
    }

    /// Tells the printer that nobody will say anything any more. What the visitor says goes on
    /// unheard.
    pub(super) async fn leave(self) -> Body {
        let code: u16 = CloseCode::Away.into();
        let away = frame(OpCode::Control(Control::Close), code.to_be_bytes().to_vec());
        // A printer that reads nothing doesn't hear it.
        if let Some(away) = away
            && let Ok(Ok(())) = timeout(GRACE, self.to_printer.send(away)).await
        {
            self.to_printer.finish();
        }
        self.from_visitor
    }

    async fn pass_all(&mut self) -> Option<Ending> {
        loop {
            match self.messages.next() {
                Ok(None) => return None,
                Err(closing) => return Some(Ending::Refused(closing)),
                Ok(Some(sent)) => {
                    if let Some(ending) = self.pass(sent).await {
                        return Some(ending);
                    }
                }
            }
        }
    }

    async fn pass(&mut self, sent: Sent) -> Option<Ending> {
        let (opcode, payload, _held) = match sent {
            Sent::Control(control, payload) => (OpCode::Control(control), payload, None),
            Sent::Text(text, held) => {
                let message = judge_message(&text);
                if self.level < message.level {
                    return Some(Ending::Refused(Closing::NOT_ALLOWED));
                }
                (OpCode::Data(Data::Text), message.text.into_bytes(), held)
            }
        };
        match self.send(frame(opcode, payload)).await {
            Ok(()) => None,
            Err(Closed) => Some(Ending::Broken),
        }
    }

    async fn send(&mut self, frame: Option<Bytes>) -> Result<(), Closed> {
        let mut rest = frame.ok_or(Closed)?;
        while !rest.is_empty() {
            self.to_printer.send(rest.split_to(rest.len().min(PIECE))).await?;
        }
        Ok(())
    }
}

/// Waits until a message that was begun has taken too long.
async fn expired(since: Option<Instant>) {
    match since {
        Some(since) => sleep_until(since + PATIENCE).await,
        None => std::future::pending().await,
    }
}

/// A frame to a printer, masked as clients have to.
fn frame(opcode: OpCode, payload: Vec<u8>) -> Option<Bytes> {
    let mut mask = [0; 4];
    OsRandom.fill(&mut mask);
    let header = FrameHeader { opcode, mask: Some(mask), ..FrameHeader::default() };
    let frame = Frame::from_payload(header, payload.into());
    let mut bytes = Vec::with_capacity(frame.len());
    frame.format(&mut bytes).ok()?;
    Some(bytes.into())
}
