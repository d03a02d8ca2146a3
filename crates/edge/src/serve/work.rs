//! Whose turn it is on a connection. While the application owes a visitor something, we wait, for
//! as long as that takes. When it is the visitor's turn (to ask, or to take what is there) and
//! nothing happens, the connection only costs us a place: pings that are answered prove no more
//! than that somebody is there.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, sleep};

/// What the application owes on one connection.
#[derive(Clone)]
pub(super) struct Work(Arc<Inner>);

struct Inner {
    turn: Mutex<Turn>,
    upgraded: AtomicBool,
}

/// How many answers are owed, and when something happened last. Nobody is woken when it changes,
/// which is several times in each request: whoever waits looks again when the time may be over.
struct Turn {
    owed: usize,
    since: Instant,
}

/// One answer, from the beginning of its request.
pub(super) struct Owed {
    work: Work,
    is_owed: bool,
}

impl Work {
    pub(super) fn new() -> Self {
        let turn = Mutex::new(Turn { owed: 0, since: Instant::now() });
        Self(Arc::new(Inner { turn, upgraded: AtomicBool::new(false) }))
    }

    /// A request has begun.
    pub(super) fn begin(&self) -> Owed {
        self.turn(false, true);
        Owed { work: self.clone(), is_owed: true }
    }

    /// Something happened: an answer was owed, or not, and is now.
    fn turn(&self, was_owed: bool, is_owed: bool) {
        let mut turn = self.lock();
        turn.owed = turn.owed.saturating_sub(usize::from(was_owed)) + usize::from(is_owed);
        turn.since = Instant::now();
    }

    /// Whether an answer opened a WebSocket: bytes may pass from then on that are in no answer.
    pub(super) fn upgraded(&self, is_socket: bool) {
        self.0.upgraded.fetch_or(is_socket, Ordering::Relaxed);
    }

    /// Whether a WebSocket was opened, which may be silent for as long as it likes.
    pub(super) fn is_upgraded(&self) -> bool {
        self.0.upgraded.load(Ordering::Relaxed)
    }

    /// Waits until it has been the visitor's turn for this long, and nothing has happened.
    pub(super) async fn idle_for(&self, limit: Duration) {
        loop {
            let left = self.lock().left(limit);
            if left.is_zero() {
                return;
            }
            sleep(left).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Turn> {
        self.0.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// How long nothing has to happen from now on.
    fn left(&self, limit: Duration) -> Duration {
        if self.owed == 0 { limit.saturating_sub(self.since.elapsed()) } else { limit }
    }
}

impl Owed {
    /// Something happened; now it is this side's turn.
    fn turn(&mut self, is_owed: bool) {
        let was_owed = std::mem::replace(&mut self.is_owed, is_owed);
        self.work.turn(was_owed, is_owed);
    }
}

impl Drop for Owed {
    fn drop(&mut self) {
        self.turn(false);
    }
}

/// An answer's body that says whose turn it is.
pub(super) struct Told<B> {
    body: Pin<Box<B>>,
    owed: Owed,
}

impl<B> Told<B> {
    pub(super) fn new(body: B, mut owed: Owed) -> Self {
        owed.turn(false);
        Self { body: Box::pin(body), owed }
    }
}

impl<B: Body<Data = Bytes>> Body for Told<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let polled = self.body.as_mut().poll_frame(cx);
        self.owed.turn(polled.is_pending());
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt, Full};
    use tokio::time::timeout;

    use super::*;

    const LIMIT: Duration = Duration::from_mins(1);

    async fn is_idle(work: &Work) -> bool {
        timeout(LIMIT * 2, work.idle_for(LIMIT)).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_the_visitor_could_do_is_waited_for_in_vain() {
        let work = Work::new();
        assert!(is_idle(&work).await, "nobody asks");
        let owed = work.begin();
        assert!(!is_idle(&work).await, "the application thinks");
        let mut body = Told::new(Full::new(Bytes::from("abc")), owed);
        assert!(is_idle(&work).await, "nobody reads the answer");
        body.frame().await.unwrap().unwrap();
        drop(body);
        assert!(is_idle(&work).await, "nobody asks again");
    }

    #[tokio::test(start_paused = true)]
    async fn who_reads_slowly_is_not_idle() {
        let work = Work::new();
        let pieces = futures_util::stream::repeat_with(|| {
            Ok::<_, std::io::Error>(Frame::data(Bytes::from("x")))
        });
        let mut body = Told::new(http_body_util::StreamBody::new(pieces), work.begin());
        let idle = tokio::spawn(async move { work.idle_for(LIMIT).await });
        for _ in 0..10 {
            tokio::time::sleep(LIMIT / 2).await;
            body.frame().await.unwrap().unwrap();
        }
        assert!(!idle.is_finished());
        idle.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_still_made_is_waited_for() {
        let work = Work::new();
        let silence = futures_util::stream::pending::<Result<Frame<Bytes>, std::io::Error>>();
        let mut body = Told::new(http_body_util::StreamBody::new(silence), work.begin());
        assert!(timeout(LIMIT, body.frame()).await.is_err());
        assert!(!is_idle(&work).await);
    }
}
