//! The bytes of a body that wait to be read, and how much memory that takes: what is counted shall
//! be no less than what is held, however small the frames are in which the bytes come.
//!
//! A frame's bytes are part of the buffer into which the connection was read, and keep all of it.
//! So only frames that are almost full stay as they are, and count as a whole one; others are copied
//! together.

use std::{collections::VecDeque, mem};

use bytes::{Bytes, BytesMut};

use crate::limits::FRAME;

/// A whole frame, in bytes. A buffer has room for one, and its header.
const WHOLE: usize = FRAME as usize;

/// Frames below this size are copied, in bytes.
const SMALL: usize = WHOLE / 4 * 3;

/// What each piece takes besides its bytes: its place in the list, which has room for four at least
/// and is never less than half full, the record of its buffer, and what the allocator keeps of both.
const EACH: usize = 256;

/// What waits.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    closed: VecDeque<Piece>,
    /// Small frames behind the others, joined.
    tail: BytesMut,
}

/// Some bytes, and the memory that they take.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) bytes: Bytes,
    pub(crate) cost: usize,
}

impl Pieces {
    pub(crate) fn is_empty(&self) -> bool {
        self.closed.is_empty() && self.tail.is_empty()
    }

    /// The memory that is taken.
    pub(crate) fn cost(&self) -> usize {
        self.closed.iter().map(|piece| piece.cost).sum::<usize>() + self.cost_of_tail()
    }

    /// Adds a frame's bytes. Returns how much more memory is taken now.
    pub(crate) fn put(&mut self, bytes: &Bytes) -> usize {
        if bytes.len() >= SMALL {
            self.close_tail();
            let piece = Piece { bytes: bytes.clone(), cost: WHOLE.max(bytes.len()) + EACH };
            let cost = piece.cost;
            self.closed.push_back(piece);
            return cost;
        }
        if self.tail.len() + bytes.len() > WHOLE {
            self.close_tail();
        }
        let before = self.cost_of_tail();
        self.tail.extend_from_slice(bytes);
        self.cost_of_tail() - before
    }

    /// Takes the next piece out.
    pub(crate) fn take(&mut self) -> Option<Piece> {
        self.closed.pop_front().or_else(|| self.take_tail())
    }

    fn close_tail(&mut self) {
        let tail = self.take_tail();
        self.closed.extend(tail);
    }

    fn take_tail(&mut self) -> Option<Piece> {
        let cost = self.cost_of_tail();
        let bytes = mem::take(&mut self.tail).freeze();
        (!bytes.is_empty()).then_some(Piece { bytes, cost })
    }

    fn cost_of_tail(&self) -> usize {
        if self.tail.is_empty() { 0 } else { self.tail.capacity() + EACH }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// A buffer as large as the connection's, of which it can be seen whether it is kept.
    struct Buffer(Vec<u8>, #[expect(dead_code, reason = "counts")] Arc<()>);

    impl AsRef<[u8]> for Buffer {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }

    /// Puts frames of this size, each in a buffer of its own. Returns the memory that is held for
    /// them, without the allocator's, and what is counted.
    fn held(pieces: &mut Pieces, size: usize, count: usize) -> (usize, usize) {
        let (buffers, mut cost) = (Arc::new(()), 0);
        for _ in 0..count {
            let buffer = Buffer(vec![b'x'; WHOLE], Arc::clone(&buffers));
            cost += pieces.put(&Bytes::from_owner(buffer).slice(..size));
        }
        let kept = (Arc::strong_count(&buffers) - 1) * WHOLE;
        let copied: usize = pieces.closed.iter().map(|piece| piece.bytes.len()).sum();
        let copied = (copied + pieces.tail.capacity()).saturating_sub(kept);
        (kept + copied + pieces.closed.capacity() * size_of::<Piece>(), cost)
    }

    // covers: RL-7
    #[test]
    fn frames_of_one_byte_take_what_is_counted() {
        for size in [1, 2, 100, 4095, 4096, 8192, SMALL - 1, SMALL, WHOLE] {
            for count in [1, 2, 64, 1000] {
                let mut pieces = Pieces::default();
                let (held, counted) = held(&mut pieces, size, count);
                assert!(held <= counted, "{count} frames of {size}: {held} > {counted}");
                let most = size * count * 2 + 2 * EACH;
                assert!(counted <= most, "{count} frames of {size}: {counted} > {most}");
                assert_eq!(pieces.cost(), counted);
                let (mut read, mut returned) = (0, 0);
                while let Some(piece) = pieces.take() {
                    (read, returned) = (read + piece.bytes.len(), returned + piece.cost);
                }
                assert_eq!((read, returned), (size * count, counted));
            }
        }
    }
}
