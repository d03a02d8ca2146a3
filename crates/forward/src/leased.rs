//! A printer's answer that ends when its visitor may no longer see it, whether or not the visitor
//! reads. Somebody who stops reading must not keep the printer's connection, nor anything else
//! that hangs on the answer, beyond the end of what let them in.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::{
    task::AbortHandle,
    time::{Instant, sleep},
};

use crate::BoxError;

/// How long a visitor may take no byte of what is there. Of those who are gone without a word,
/// nothing else is noticed; a browser whose download is paused asks for the rest later.
const STALL: Duration = Duration::from_mins(2);

/// A body that is cut off when its hold ends, or when nobody reads it.
pub struct Leased<B> {
    kept: Arc<Kept<B>>,
    watch: Option<AbortHandle>,
}

/// What the reader and the watch share.
struct Kept<B>(Mutex<State<B>>);

struct State<B> {
    /// `None` once it was cut off.
    body: Option<B>,
    /// Of a reader who waits for the printer.
    waker: Option<Waker>,
    /// Since when it is the reader's turn.
    offered: Option<Instant>,
}

/// The visitor signed out, may no longer use the printer, or has stopped reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the session under which this was relayed has ended, or nobody reads its answer")]
pub struct LeaseEnded;

impl<B: Body + Send + 'static> Leased<B> {
    /// A body that lasts until something has ended.
    pub fn until(body: B, ended: impl Future<Output = ()> + Send + 'static) -> Self {
        let is_empty = body.is_end_stream();
        let state = State { body: Some(body), waker: None, offered: Some(Instant::now()) };
        let kept = Arc::new(Kept(Mutex::new(state)));
        let watch = (!is_empty).then(|| tokio::spawn(watch(Arc::clone(&kept), ended)));
        Self { kept, watch: watch.map(|watch| watch.abort_handle()) }
    }
}

/// Cuts a body off when its time has come.
async fn watch<B>(kept: Arc<Kept<B>>, ended: impl Future<Output = ()>) {
    tokio::select! {
        () = ended => {}
        () = kept.stalled() => tracing::debug!("a visitor has stopped reading an answer"),
    }
    kept.cut();
}

impl<B> Kept<B> {
    /// Waits until the reader has taken nothing for too long.
    async fn stalled(&self) {
        loop {
            let waited = self.lock().offered.map_or(Duration::ZERO, |since| since.elapsed());
            let left = STALL.saturating_sub(waited);
            if left.is_zero() {
                return;
            }
            sleep(left).await;
        }
    }

    /// Lets go of the body, and with it of everything on the way to the printer.
    fn cut(&self) {
        let mut state = self.lock();
        let (body, waker) = (state.body.take(), state.waker.take());
        drop(state);
        drop(body);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<B>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<B> Drop for Leased<B> {
    fn drop(&mut self) {
        if let Some(watch) = &self.watch {
            watch.abort();
        }
        self.kept.cut();
    }
}

impl<B> Body for Leased<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let mut state = self.kept.lock();
        let Some(body) = state.body.as_mut() else {
            return Poll::Ready(Some(Err(LeaseEnded.into())));
        };
        let polled = Pin::new(body).poll_frame(cx).map_err(Into::into);
        state.offered = polled.is_ready().then(Instant::now);
        state.waker = polled.is_pending().then(|| cx.waker().clone());
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.kept.lock().body.as_ref().is_some_and(B::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.kept.lock().body.as_ref().map(B::size_hint).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use http_body_util::BodyExt;
    use tokio::time::timeout;

    use super::*;

    // covers: RL-7
    #[tokio::test(start_paused = true)]
    async fn visitor_who_stops_reading_is_cut_off_after_two_minutes() {
        let (to_visitor, body) = crate::channel();
        let mut leased = Leased::until(body, pending());
        to_visitor.send("first".into()).await.unwrap();
        assert!(leased.frame().await.unwrap().is_ok());
        let stalled = Instant::now();
        timeout(STALL * 2, to_visitor.closed()).await.expect("it is cut off");
        assert_eq!(stalled.elapsed().as_secs(), 120);
        assert!(leased.frame().await.unwrap().unwrap_err().is::<LeaseEnded>());
    }

    #[tokio::test(start_paused = true)]
    async fn a_printer_that_says_nothing_for_an_hour_is_waited_for() {
        let (to_visitor, body) = crate::channel();
        let mut leased = Leased::until(body, pending());
        let printer = tokio::spawn(async move {
            sleep(Duration::from_hours(1)).await;
            to_visitor.send("news".into()).await
        });
        assert!(leased.frame().await.unwrap().is_ok());
        assert!(printer.await.unwrap().is_ok());
    }

    #[tokio::test]
    async fn a_visitor_who_leaves_gives_everything_back() {
        let (to_visitor, body) = crate::channel();
        drop(Leased::until(body, pending()));
        to_visitor.closed().await;
    }
}
