//! A stream of lines, each of bounded length.

use bytes::{Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt;

use super::Error;

/// Reads a body line by line.
pub(super) struct Lines<B> {
    body: B,
    buffer: BytesMut,
    /// How much of the buffer is known to hold no line break.
    searched: usize,
}

impl<B> Lines<B>
where
    B: Body<Data = Bytes, Error = tunnel::Error> + Unpin,
{
    pub(super) fn new(body: B) -> Self {
        Self { body, buffer: BytesMut::new(), searched: 0 }
    }

    /// The next line without its break; `None` at the end. What follows the last break is no
    /// line: it was cut off.
    ///
    /// # Errors
    /// A line longer than [`wire::MAX_MESSAGE`], and whatever ends the body early.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            if let Some(line) = self.buffered() {
                return Ok(Some(line));
            }
            if self.buffer.len() > wire::MAX_MESSAGE {
                return Err(Error::Nonsense("a line is too long"));
            }
            match self.body.frame().await.transpose()? {
                Some(frame) => self.buffer.extend(frame.into_data()),
                None => return Ok(None),
            }
        }
    }

    fn buffered(&mut self) -> Option<Bytes> {
        let unread = self.buffer.get(self.searched..)?;
        let Some(at) = unread.iter().position(|byte| *byte == b'\n') else {
            self.searched = self.buffer.len();
            return None;
        };
        let mut line = self.buffer.split_to(self.searched + at + 1);
        self.searched = 0;
        line.truncate(line.len() - 1);
        Some(line.freeze())
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use http_body::Frame;
    use http_body_util::StreamBody;
    use proptest::prelude::*;

    use super::*;

    fn lines(pieces: &[&[u8]]) -> Lines<impl Body<Data = Bytes, Error = tunnel::Error> + Unpin> {
        let frames: Vec<_> =
            pieces.iter().map(|piece| Ok(Frame::data(Bytes::copy_from_slice(piece)))).collect();
        Lines::new(StreamBody::new(futures_util::stream::iter(frames)))
    }

    #[tokio::test]
    async fn lines_are_found_however_they_are_cut() {
        let mut lines = lines(&[b"on", b"e\ntwo\n", b"\nthr", b"ee\nrest"]);
        for line in ["one", "two", "", "three"] {
            assert_eq!(lines.next().await.unwrap().unwrap(), line);
        }
        assert!(lines.next().await.unwrap().is_none());
    }

    proptest! {
        #[test]
        fn any_cut_gives_the_same_lines(text in "[a\n]{0,40}", size in 1_usize..9) {
            let pieces: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
            let read = async {
                let mut lines = lines(&pieces);
                let mut read = Vec::new();
                while let Some(line) = lines.next().await.unwrap() {
                    read.push(line);
                }
                read
            };
            // What follows the last break is no line.
            let mut whole: Vec<&str> = text.split('\n').collect();
            whole.pop();
            prop_assert_eq!(read.now_or_never().unwrap(), whole);
        }
    }

    #[tokio::test]
    async fn endless_line() {
        let piece = vec![b' '; 64 * 1024];
        let pieces: Vec<&[u8]> = std::iter::repeat_n(piece.as_slice(), 8).collect();
        assert!(matches!(lines(&pieces).next().await, Err(Error::Nonsense(_))));
    }
}
