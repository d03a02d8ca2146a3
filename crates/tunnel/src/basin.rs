//! What has arrived of a body and was not read yet. HTTP/2 bounds how many bytes that may be, but
//! not in how many frames they come, and the library ends a connection that holds too many small
//! ones. So frames are taken out as they arrive, small ones are joined, and the other side may
//! send more only when somebody has read them.

use std::{
    collections::VecDeque,
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use bytes::{Bytes, BytesMut};
use h2::RecvStream;

use crate::Error;

/// Pieces below this size are joined, in bytes.
const SMALL: usize = 4 * 1024;

/// The bytes between the connection and a reader. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Basin(Arc<Mutex<Content>>);

#[derive(Debug, Default)]
struct Content {
    pieces: VecDeque<Bytes>,
    /// Small pieces behind the others, joined.
    tail: BytesMut,
    /// Why nothing more comes.
    end: Option<Result<(), Error>>,
    reader: Option<Waker>,
}

impl Basin {
    /// Takes in all that comes, until the end.
    pub(crate) async fn fill(self, mut stream: RecvStream) {
        while let Some(arrived) = poll_fn(|cx| stream.poll_data(cx)).await {
            match arrived {
                Ok(bytes) => self.put(&bytes, stream.is_end_stream()),
                Err(error) => return self.end(Err(error.into())),
            }
        }
        self.end(Ok(()));
    }

    /// The next bytes; `None` at the end.
    pub(crate) fn poll(&self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        let mut content = self.lock();
        if let Some(piece) = content.pieces.pop_front() {
            return Poll::Ready(Some(Ok(piece)));
        }
        if !content.tail.is_empty() {
            return Poll::Ready(Some(Ok(content.tail.split().freeze())));
        }
        match content.end.take() {
            Some(Ok(())) => {
                content.end = Some(Ok(()));
                Poll::Ready(None)
            }
            Some(Err(error)) => {
                content.end = Some(Ok(()));
                Poll::Ready(Some(Err(error)))
            }
            None => {
                content.reader = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Whether everything was read, and nothing more comes.
    pub(crate) fn is_at_end(&self) -> bool {
        let content = self.lock();
        let is_empty = content.pieces.is_empty() && content.tail.is_empty();
        is_empty && matches!(content.end, Some(Ok(())))
    }

    fn put(&self, bytes: &Bytes, is_last: bool) {
        let mut content = self.lock();
        if bytes.len() < SMALL && !content.is_idle() {
            content.tail.extend_from_slice(bytes);
        } else if !bytes.is_empty() {
            content.close_tail();
            content.pieces.push_back(bytes.clone());
        }
        if is_last {
            content.end = Some(Ok(()));
        }
        wake(content);
    }

    fn end(&self, end: Result<(), Error>) {
        let mut content = self.lock();
        content.end = Some(end);
        wake(content);
    }

    fn lock(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Content {
    /// Whether the reader keeps up: then nothing has to be joined, and so nothing copied.
    fn is_idle(&self) -> bool {
        self.pieces.is_empty() && self.tail.is_empty()
    }

    fn close_tail(&mut self) {
        if !self.tail.is_empty() {
            let tail = self.tail.split().freeze();
            self.pieces.push_back(tail);
        }
    }
}

fn wake(mut content: MutexGuard<'_, Content>) {
    let reader = content.reader.take();
    drop(content);
    if let Some(reader) = reader {
        reader.wake();
    }
}
