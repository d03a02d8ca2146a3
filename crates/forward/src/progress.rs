//! How long a request may stand still before its answer begins: a printer that takes an upload
//! and then says nothing, an agent that takes nothing, or a visitor who stops in the middle of an
//! upload must not hold a stream or a printer's connection for as long as they like.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http_body::Body;
use http_body_util::BodyExt;
use tokio::time::{Instant, sleep};

/// The longest time between two pieces of an upload, and from the last one to the head of the
/// answer: 75 s. [`crate::Origin`] itself waits a minute for the printer, and says so if it does in
/// vain.
pub const STANDSTILL: Duration = Duration::from_secs(75);

/// When something moved last. Clones are of the same request.
#[derive(Debug, Clone)]
pub struct Progress(Arc<Mutex<Moved>>);

#[derive(Debug)]
struct Moved {
    /// How long nothing may move.
    patience: Duration,
    last: Instant,
    /// Whether the upload goes on.
    uploads: bool,
}

/// Held by an upload until it is over, however it ends.
struct Upload(Progress);

impl Drop for Upload {
    fn drop(&mut self) {
        self.0.lock().uploads = false;
    }
}

impl Progress {
    /// Something moves now, and nothing may stand still for longer than this.
    pub fn new(patience: Duration) -> Self {
        let moved = Moved { patience, last: Instant::now(), uploads: false };
        Self(Arc::new(Mutex::new(moved)))
    }

    /// The same body; each piece that is taken of it counts.
    pub fn of<B>(
        &self,
        body: B,
    ) -> impl Body<Data = Bytes, Error = B::Error> + Send + 'static + use<B>
    where
        B: Body<Data = Bytes> + Send + 'static,
    {
        self.lock().uploads = !body.is_end_stream();
        let upload = Upload(self.clone());
        body.map_frame(move |frame| {
            upload.0.lock().last = Instant::now();
            frame
        })
    }

    /// Waits until nothing has moved for too long.
    pub async fn stopped(&self) {
        loop {
            let left = self.lock().left();
            if left.is_zero() {
                return;
            }
            sleep(left).await;
        }
    }

    /// The same once the answer has begun: then only an upload that still goes on is waited for.
    /// How long the answer itself takes is the printer's to decide.
    pub async fn upload_stopped(&self) {
        if self.lock().uploads {
            self.stopped().await;
        }
        if !self.lock().uploads {
            std::future::pending::<()>().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Moved> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Moved {
    fn left(&self) -> Duration {
        self.patience.saturating_sub(self.last.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    // covers: RL-7
    #[tokio::test(start_paused = true)]
    async fn upload_that_trickles_is_no_standstill_and_one_that_stops_is() {
        let progress = Progress::new(STANDSTILL);
        let (sender, body) = crate::channel();
        tokio::spawn(progress.of(body).collect());
        let started = Instant::now();
        let trickle = async {
            for _ in 0..10 {
                sleep(Duration::from_secs(70)).await;
                sender.send("piece".into()).await.unwrap();
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = trickle => {}
            () = progress.stopped() => {}
        }
        assert_eq!(started.elapsed().as_secs(), 10 * 70 + 75);
    }

    // covers: RL-7
    #[tokio::test(start_paused = true)]
    async fn upload_that_stalls_behind_its_answer_is_given_up_and_a_finished_one_is_not() {
        for finishes in [false, true] {
            let progress = Progress::new(STANDSTILL);
            let (sender, body) = crate::channel();
            let upload = tokio::spawn(progress.of(body).collect());
            sender.send("piece".into()).await.unwrap();
            let held = if finishes {
                sender.finish();
                None
            } else {
                Some(sender)
            };
            let stopped = timeout(STANDSTILL * 3, progress.upload_stopped()).await.is_ok();
            assert_eq!(stopped, !finishes);
            drop((held, upload));
        }
    }
}
