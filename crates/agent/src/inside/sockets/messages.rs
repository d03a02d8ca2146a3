//! From bytes of a visitor to messages.

use std::{io::Cursor, sync::Arc};

use bytes::{Buf, BytesMut};
use guard::MAX_MESSAGE;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};
use tungstenite::protocol::frame::{
    FrameHeader,
    coding::{Control, Data, OpCode},
};

use super::Closing;

/// The longest control frame (RFC 6455, 5.5).
const MAX_CONTROL: u64 = 125;

/// So much of a message always has room, in bytes: whoever begins long messages and doesn't end
/// them must not keep others from saying short ones, of which one may be the emergency stop.
pub(super) const ALWAYS: usize = 16 * 1024;

/// What a visitor sent.
#[derive(Debug)]
pub(super) enum Sent {
    /// A whole message. Its bytes count as held until the permit is dropped.
    Text(String, Option<OwnedSemaphorePermit>),
    /// A ping, a pong or a close, with its payload.
    Control(Control, Vec<u8>),
}

/// Puts messages together. Holds at most one, and the frame that it is reading.
#[derive(Debug)]
pub(super) struct Messages {
    room: Arc<Semaphore>,
    received: BytesMut,
    /// The header of the frame that is being read, and the length of its payload.
    frame: Option<(FrameHeader, usize)>,
    /// The beginning of a message in several frames.
    begun: Option<Vec<u8>>,
    held: Option<OwnedSemaphorePermit>,
    since: Instant,
}

impl Messages {
    pub(super) fn new(room: Arc<Semaphore>) -> Self {
        let (received, since) = (BytesMut::new(), Instant::now());
        Self { room, received, frame: None, begun: None, held: None, since }
    }

    /// When the message was begun that isn't complete, if there is one.
    pub(super) fn waiting_since(&self) -> Option<Instant> {
        (self.frame.is_some() || self.begun.is_some()).then_some(self.since)
    }

    /// Takes more bytes, of which [`Messages::next`] makes messages.
    pub(super) fn receive(&mut self, bytes: &[u8]) {
        self.received.extend_from_slice(bytes);
    }

    /// The next message or control frame, if it is there as a whole.
    pub(super) fn next(&mut self) -> Result<Option<Sent>, Closing> {
        while let Some((header, payload)) = self.next_frame()? {
            match header.opcode {
                OpCode::Control(control) => return Ok(Some(Sent::Control(control, payload))),
                OpCode::Data(data) => {
                    if let Some(text) = self.add(data, header.is_final, payload)? {
                        return Ok(Some(Sent::Text(text, self.held.take())));
                    }
                }
            }
        }
        Ok(None)
    }

    fn next_frame(&mut self) -> Result<Option<(FrameHeader, Vec<u8>)>, Closing> {
        if self.frame.is_none() {
            self.frame = self.next_header()?;
            if self.begun.is_none() {
                self.since = Instant::now();
            }
        }
        let Some((header, length)) = self.frame.take() else { return Ok(None) };
        if self.received.len() < length {
            self.frame = Some((header, length));
            return Ok(None);
        }
        let mut payload = self.received.split_to(length).to_vec();
        let mask = header.mask.unwrap_or_default();
        for (byte, mask) in payload.iter_mut().zip(mask.iter().cycle()) {
            *byte ^= mask;
        }
        Ok(Some((header, payload)))
    }

    fn next_header(&mut self) -> Result<Option<(FrameHeader, usize)>, Closing> {
        let mut cursor = Cursor::new(&self.received);
        let parsed = FrameHeader::parse(&mut cursor).map_err(|_| Closing::PROTOCOL)?;
        let Some((header, length)) = parsed else { return Ok(None) };
        let read = usize::try_from(cursor.position()).map_err(|_| Closing::PROTOCOL)?;
        let control = matches!(header.opcode, OpCode::Control(_));
        let reserved = header.rsv1 || header.rsv2 || header.rsv3;
        if reserved || header.mask.is_none() {
            return Err(Closing::PROTOCOL);
        }
        if control && (!header.is_final || length > MAX_CONTROL) {
            return Err(Closing::PROTOCOL);
        }
        let length = if control { usize::try_from(length).ok() } else { self.make_room(length)? };
        let length = length.ok_or(Closing::TOO_BIG)?;
        self.received.advance(read);
        Ok(Some((header, length)))
    }

    /// Makes sure that a frame of a message may be held.
    fn make_room(&mut self, length: u64) -> Result<Option<usize>, Closing> {
        let begun = self.begun.as_ref().map_or(0, Vec::len);
        let length = usize::try_from(length).map_err(|_| Closing::TOO_BIG)?;
        if length > MAX_MESSAGE.saturating_sub(begun) {
            return Err(Closing::TOO_BIG);
        }
        let held = self.held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let wanted = (begun + length).saturating_sub(ALWAYS).saturating_sub(held);
        if wanted > 0 {
            self.hold(u32::try_from(wanted).map_err(|_| Closing::TOO_BIG)?)?;
        }
        Ok(Some(length))
    }

    fn hold(&mut self, count: u32) -> Result<(), Closing> {
        let permit = Arc::clone(&self.room).try_acquire_many_owned(count);
        let permit = permit.map_err(|_| Closing::NO_ROOM)?;
        match &mut self.held {
            Some(held) => held.merge(permit),
            none => *none = Some(permit),
        }
        Ok(())
    }

    fn add(&mut self, data: Data, last: bool, payload: Vec<u8>) -> Result<Option<String>, Closing> {
        let message = match (data, self.begun.take()) {
            (Data::Text, None) => payload,
            (Data::Continue, Some(mut begun)) => {
                begun.extend_from_slice(&payload);
                begun
            }
            // No listed message is binary.
            (Data::Binary, None) => return Err(Closing::NOT_ALLOWED),
            _ => return Err(Closing::PROTOCOL),
        };
        if !last {
            self.begun = Some(message);
            return Ok(None);
        }
        String::from_utf8(message).map(Some).map_err(|_| Closing::NO_TEXT)
    }
}
