//! How long a request may stand still before its answer begins: a printer that takes an upload
//! and then says nothing, or an agent that takes nothing, must not hold a visitor's stream for as
//! long as they like.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http_body::Body;
use http_body_util::BodyExt;
use tokio::time::{Instant, sleep};

/// The longest time between two pieces of an upload, and from the last one to the head of the
/// answer. The agent itself waits a minute for the printer, and says so if it does in vain.
const PATIENCE: Duration = Duration::from_secs(75);

/// When something moved last.
#[derive(Debug, Clone)]
pub(super) struct Progress(Arc<Mutex<Instant>>);

impl Progress {
    /// Something moves now.
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }

    /// The same body; each piece that is taken of it counts.
    pub(super) fn of<B>(
        &self,
        body: B,
    ) -> impl Body<Data = Bytes, Error = B::Error> + Send + 'static + use<B>
    where
        B: Body<Data = Bytes> + Send + 'static,
    {
        let progress = self.clone();
        body.map_frame(move |frame| {
            progress.note();
            frame
        })
    }

    /// Waits until nothing has moved for too long.
    pub(super) async fn stopped(&self) {
        loop {
            let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let left = PATIENCE.saturating_sub(last.elapsed());
            if left.is_zero() {
                return;
            }
            sleep(left).await;
        }
    }

    fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // covers: RL-7
    #[tokio::test(start_paused = true)]
    async fn upload_that_trickles_is_no_standstill_and_one_that_stops_is() {
        let progress = Progress::new();
        let (sender, body) = forward::channel();
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
}
