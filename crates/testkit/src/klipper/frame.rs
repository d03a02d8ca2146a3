//! Frames on the line: length, sequence number, content, checksum, end mark. What arrives in
//! order is acknowledged with the number of the frame that is expected next; anything else is
//! answered with the same, which makes the host send again.

/// Length, sequence, two bytes of checksum and the end mark.
const AROUND: usize = 5;
const LONGEST: usize = 64;
const END: u8 = 0x7e;
/// The upper half of every sequence byte.
const DIRECTION: u8 = 0x10;

/// Our end of the line.
#[derive(Default)]
pub(super) struct Line {
    unread: Vec<u8>,
    expected: u8,
}

impl Line {
    /// Takes what came in.
    pub(super) fn receive(&mut self, bytes: &[u8]) {
        self.unread.extend_from_slice(bytes);
    }

    /// The content of the next whole frame, to be acknowledged; empty when it is damaged or out
    /// of order.
    pub(super) fn next(&mut self) -> Option<Vec<u8>> {
        match self.next_frame()?.as_slice() {
            [sequence, content @ ..] if *sequence == self.sequence() => {
                self.expected = (self.expected + 1) & 0x0f;
                Some(content.to_vec())
            }
            _ => Some(Vec::new()),
        }
    }

    /// Tells which frame is expected next.
    pub(super) fn acknowledge(&self, to: &mut Vec<u8>) {
        self.send(&[], to);
    }

    /// Sends a content.
    pub(super) fn send(&self, content: &[u8], to: &mut Vec<u8>) {
        let length = u8::try_from(content.len() + AROUND).unwrap_or(u8::MAX);
        let mut frame = vec![length, self.sequence()];
        frame.extend_from_slice(content);
        frame.extend_from_slice(&checksum(&frame).to_be_bytes());
        frame.push(END);
        to.extend_from_slice(&frame);
    }

    fn sequence(&self) -> u8 {
        DIRECTION | self.expected
    }

    /// Sequence and content of the next whole frame; what is damaged is empty, what is between
    /// frames is dropped.
    fn next_frame(&mut self) -> Option<Vec<u8>> {
        while self.unread.first() == Some(&END) {
            self.unread.remove(0);
        }
        let length = usize::from(*self.unread.first()?);
        if !(AROUND..=LONGEST).contains(&length) {
            let end = self.unread.iter().position(|byte| *byte == END)?;
            self.unread.drain(..end);
            return Some(Vec::new());
        }
        if self.unread.len() < length {
            return None;
        }
        let frame: Vec<u8> = self.unread.drain(..length).collect();
        let (checked, end) = frame.split_at_checked(length - 3)?;
        let [high, low] = checksum(checked).to_be_bytes();
        let is_sound = end == [high, low, END];
        Some(if is_sound { checked.get(1..)?.to_vec() } else { Vec::new() })
    }
}

/// CRC-16 with the CCITT polynomial, lowest bit first, begun with all ones.
fn checksum(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xffff, |sum, byte| {
        (0..8).fold(sum ^ u16::from(*byte), |sum: u16, _| {
            if sum & 1 == 1 { (sum >> 1) ^ 0x8408 } else { sum >> 1 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_usual_one() {
        // The check value of CRC-16/MCRF4XX.
        assert_eq!(checksum(b"123456789"), 0x6f91);
    }

    #[test]
    fn contents_arrive_in_pieces_and_once() {
        let host = Line::default();
        let mut sent = Vec::new();
        host.send(b"one", &mut sent);
        let (mut line, mut answer) = (Line::default(), Vec::new());
        line.receive(&sent[..4]);
        assert_eq!(line.next(), None);
        line.receive(&sent[4..]);
        assert_eq!(line.next().unwrap(), b"one");
        line.receive(&sent);
        assert_eq!(line.next().unwrap(), b"", "a repetition");
        line.acknowledge(&mut answer);
        assert_eq!(answer[1], DIRECTION | 1);
    }
}
