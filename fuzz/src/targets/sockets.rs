//! What visitors send through WebSockets whose messages are judged, and what printers answer.

use std::io::{self, Cursor, Read, Write};

use agent::fuzzing::messages;
use forward::websocket::Ends;
use tungstenite::{Message, WebSocket, protocol::Role};

const TEXT: u8 = 1;
const CLOSE: u8 = 8;

/// The first byte is the size of a piece. What is heard doesn't depend on it, nothing is held
/// afterwards, and up to the first close another program hears the same texts.
pub(super) fn frames(bytes: &[u8]) {
    let [size, frames @ ..] = bytes else { return };
    let whole = messages(frames, frames.len().max(1));
    assert_eq!(whole, messages(frames, usize::from(*size).max(1)));
    assert_eq!(whole.held, 0);
    let open = whole.sent.iter().take_while(|(opcode, _)| *opcode != CLOSE);
    let ours = open.filter(|(opcode, _)| *opcode == TEXT).map(|(_, text)| text.clone());
    for (ours, theirs) in ours.zip(texts(frames)) {
        assert_eq!(ours, theirs);
    }
}

/// The texts that a server of this library hears.
fn texts(frames: &[u8]) -> Vec<Vec<u8>> {
    let mut server = WebSocket::from_raw_socket(Deaf(Cursor::new(frames)), Role::Server, None);
    let mut texts = Vec::new();
    while let Ok(message) = server.read() {
        if let Message::Text(text) = message {
            texts.push(text.as_bytes().to_vec());
        }
    }
    texts
}

/// Somebody who speaks and doesn't hear.
struct Deaf<'a>(Cursor<&'a [u8]>);

impl Read for Deaf<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Deaf<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The first byte says how much has passed before. Where a frame ends doesn't depend on how the
/// bytes were cut, and there is no end before it.
pub(super) fn ends(bytes: &[u8]) {
    let [before, frames @ ..] = bytes else { return };
    let (passed, next) = frames.split_at(frames.len().min(usize::from(*before)));
    let mut ends = Ends::default();
    ends.follow(passed);
    let end = ends.clone().next(next);
    let mut single = Ends::default();
    for byte in passed {
        single.follow(&[*byte]);
    }
    let mut rest = next.iter();
    while !single.is_between() {
        let Some(byte) = rest.next() else { break };
        single.follow(&[*byte]);
    }
    assert_eq!(end, single.is_between().then_some(next.len() - rest.len()));
}
