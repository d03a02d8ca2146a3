//! What the fuzz targets see of how messages are put together.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tungstenite::protocol::frame::coding::OpCode;

use super::{
    HELD,
    messages::{Messages, Sent},
};

/// What came of a visitor's bytes.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Messages and control frames, each with its opcode.
    pub sent: Vec<(u8, Vec<u8>)>,
    /// Whether the socket would have been closed for what came then.
    pub refused: bool,
    /// Bytes of messages that still count as held afterwards.
    pub held: usize,
}

/// Reads bytes in pieces of this size, which isn't 0.
pub fn messages(bytes: &[u8], size: usize) -> Heard {
    let (room, mut heard) = (Arc::new(Semaphore::new(HELD)), Heard::default());
    let mut messages = Messages::new(Arc::clone(&room));
    for piece in bytes.chunks(size) {
        messages.receive(piece);
        while !heard.refused {
            match messages.next() {
                Ok(None) => break,
                Ok(Some(Sent::Text(text, _))) => heard.sent.push((1, text.into_bytes())),
                Ok(Some(Sent::Control(kind, payload))) => {
                    heard.sent.push((OpCode::Control(kind).into(), payload));
                }
                Err(_) => heard.refused = true,
            }
        }
    }
    drop(messages);
    heard.held = HELD - room.available_permits();
    heard
}
