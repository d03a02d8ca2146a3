//! Where frames end in a stream of bytes: something of our own may stand only between two of them.

use std::io::Cursor;

use tungstenite::protocol::frame::FrameHeader;

/// Where frames end in a stream of bytes that was followed from its beginning.
#[derive(Debug, Clone, Default)]
pub struct Ends {
    /// The beginning of a header.
    header: Vec<u8>,
    /// What is missing of a payload.
    left: u64,
    /// A header made no sense.
    lost: bool,
}

impl Ends {
    /// These bytes have passed.
    pub fn follow(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !self.lost {
            let step = self.step(bytes);
            bytes = bytes.get(step..).unwrap_or_default();
        }
    }

    /// How many of these bytes belong to the frame that was begun; `None` if it goes on after
    /// them.
    pub fn next(mut self, bytes: &[u8]) -> Option<usize> {
        let mut read = 0;
        while !self.is_between() {
            let rest = bytes.get(read..).filter(|rest| !rest.is_empty() && !self.lost)?;
            read += self.step(rest);
        }
        Some(read)
    }

    /// Whether a frame may begin here.
    pub const fn is_between(&self) -> bool {
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
