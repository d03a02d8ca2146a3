//! What has arrived of a body and was not read yet. HTTP/2 bounds how many bytes that may be, but
//! not in how many frames they come, and the library ends a connection that holds too many small
//! ones. So frames are taken out as they arrive, small ones are joined ([`Pieces`]), and the other
//! side may send more only when somebody has read them.

use std::{
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use h2::RecvStream;
use tokio::{sync::oneshot, time::Instant};

use crate::{
    Error,
    budget::Account,
    pieces::{Piece, Pieces},
    source::Source,
};

/// Why a reader gets no more of what it left unread.
const NEEDED: &str = "it was left unread, and its memory is needed for others";

/// The bytes between the connection and a reader. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Basin(Arc<Mutex<Content>>);

/// A basin, for as long as somebody else has it.
#[derive(Debug, Clone)]
pub(crate) struct WeakBasin(Weak<Mutex<Content>>);

#[derive(Debug)]
struct Content {
    pieces: Pieces,
    /// Why nothing more comes.
    end: Option<Result<(), Error>>,
    reader: Option<Waker>,
    /// Since when it is the reader's turn.
    offered: Option<Instant>,
    /// Where it comes from, until it was let go.
    source: Option<Source>,
    account: Option<Account>,
    /// How many bytes have arrived.
    arrived: u64,
    /// Who wants to hear that so many have.
    mark: Option<(u64, oneshot::Sender<()>)>,
}

impl Basin {
    /// An empty one.
    pub(crate) fn new(source: Source) -> Self {
        Self(Arc::new(Mutex::new(Content {
            pieces: Pieces::default(),
            end: None,
            reader: None,
            offered: None,
            source: Some(source),
            account: None,
            arrived: 0,
            mark: None,
        })))
    }

    pub(crate) fn downgrade(&self) -> WeakBasin {
        WeakBasin(Arc::downgrade(&self.0))
    }

    pub(crate) fn of(weak: &WeakBasin) -> Option<Self> {
        weak.0.upgrade().map(Self)
    }

    /// What it holds is counted from now on.
    pub(crate) fn count(&self, mut account: Account) {
        let mut content = self.lock();
        if content.source.is_none() {
            drop(content);
            return;
        }
        account.add(content.pieces.cost());
        let overspent = account.overspent();
        content.account = Some(account);
        drop(content);
        if let Some(save) = overspent {
            save();
        }
    }

    /// Does something with the source, unless it was let go.
    pub(crate) fn with_source<T>(&self, act: impl FnOnce(&mut Source) -> T) -> Option<T> {
        self.lock().source.as_mut().map(act)
    }

    /// Tells when so many bytes have arrived and more may follow. Dropped without a word if nothing
    /// follows.
    pub(crate) fn mark(&self, bytes: u64) -> oneshot::Receiver<()> {
        let (reached, heard) = oneshot::channel();
        let mut content = self.lock();
        if content.end.is_none() && content.source.is_some() {
            content.mark = Some((bytes, reached));
            content.tell();
        }
        heard
    }

    /// Takes in all that comes, until the end. What is said behind it isn't for anybody.
    pub(crate) async fn fill(self, mut stream: RecvStream) {
        while let Some(arrived) = poll_fn(|cx| stream.poll_data(cx)).await {
            match arrived {
                Ok(bytes) => self.put(&bytes, stream.is_end_stream()),
                Err(error) => return self.end(Err(error.into())),
            }
        }
        let behind = poll_fn(|cx| stream.poll_trailers(cx)).await;
        self.end(behind.map(drop).map_err(Error::from));
    }

    /// The next bytes; `None` at the end.
    pub(crate) fn poll(&self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        let mut content = self.lock();
        if let Some(piece) = content.pieces.take() {
            content.taken(&piece);
            return Poll::Ready(Some(Ok(piece.bytes)));
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
        content.pieces.is_empty() && matches!(content.end, Some(Ok(())))
    }

    /// Since when something waits to be read, if it does.
    pub(crate) fn unread_since(&self) -> Option<Instant> {
        let content = self.lock();
        content.offered.filter(|_| !content.pieces.is_empty())
    }

    /// Forgets what wasn't read, and lets go of where it comes from. The reader gets an error.
    pub(crate) fn give_up(&self) -> bool {
        let mut content = self.lock();
        if content.pieces.is_empty() {
            return false;
        }
        content.end = Some(Err(Error::Invalid(NEEDED)));
        let gone = content.empty();
        wake(content);
        drop(gone);
        true
    }

    /// The reader is gone.
    pub(crate) fn close(&self) {
        let gone = self.lock().empty();
        drop(gone);
    }

    fn put(&self, bytes: &Bytes, is_last: bool) {
        let mut content = self.lock();
        if content.source.is_none() {
            return;
        }
        if content.pieces.is_empty() {
            content.offered = Some(Instant::now());
        }
        let cost = content.pieces.put(bytes);
        content.arrived =
            content.arrived.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if is_last {
            content.finish(Ok(()));
        }
        content.tell();
        let overspent = content.account.as_mut().and_then(|account| {
            account.add(cost);
            account.overspent()
        });
        wake(content);
        if let Some(save) = overspent {
            save();
        }
    }

    fn end(&self, end: Result<(), Error>) {
        let mut content = self.lock();
        if content.source.is_some() {
            content.finish(end);
        }
        wake(content);
    }

    fn lock(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Content {
    /// As many bytes as were read may be sent again, or fewer while memory is scarce.
    fn taken(&mut self, piece: &Piece) {
        self.offered = Some(Instant::now());
        let is_tight = self.account.as_mut().is_some_and(|account| {
            account.take(piece.cost);
            account.is_tight()
        });
        if let Some(source) = &mut self.source {
            source.was_read(piece.bytes.len(), is_tight);
        }
    }

    /// Nothing more comes.
    fn finish(&mut self, end: Result<(), Error>) {
        self.end = Some(end);
        self.mark = None;
    }

    /// Tells whoever waits for so many bytes.
    fn tell(&mut self) {
        if let Some((_, reached)) = self.mark.take_if(|(bytes, _)| *bytes <= self.arrived) {
            let _ = reached.send(());
        }
    }

    /// Empties it for good. What comes back is to be dropped without any lock.
    fn empty(&mut self) -> (Option<Source>, Option<Account>) {
        self.pieces = Pieces::default();
        self.mark = None;
        (self.source.take(), self.account.take())
    }
}

fn wake(mut content: MutexGuard<'_, Content>) {
    let reader = content.reader.take();
    drop(content);
    if let Some(reader) = reader {
        reader.wake();
    }
}
