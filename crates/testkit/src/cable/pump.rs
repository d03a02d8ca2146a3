//! One direction of one connection.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    sync::{mpsc, watch},
    time::{Instant, sleep, sleep_until},
};

use super::Weather;

/// What is read and written at once, in bytes. Small, so that a slow cable is smooth.
const PIECE: usize = 4 * 1024;

/// The most pieces that are under way: 1 MiB.
const UNDER_WAY: usize = 256;

/// A piece, and when it is due at the other end.
type Piece = (Instant, Vec<u8>);

/// Carries bytes until one side hangs up, and then that.
pub(super) async fn pump(
    from: impl AsyncRead + Unpin,
    to: impl AsyncWrite + Unpin,
    weather: watch::Receiver<Weather>,
    carried: Arc<AtomicU64>,
) {
    let (enter, leave) = mpsc::channel(UNDER_WAY);
    tokio::join!(take_in(from, weather.clone(), enter), give_out(to, weather, leave, carried));
}

async fn take_in(
    mut from: impl AsyncRead + Unpin,
    weather: watch::Receiver<Weather>,
    enter: mpsc::Sender<Piece>,
) {
    let mut piece = vec![0; PIECE];
    while let Ok(size @ 1..) = from.read(&mut piece).await {
        let due = Instant::now() + weather.borrow().delay;
        let bytes = piece.iter().take(size).copied().collect();
        if enter.send((due, bytes)).await.is_err() {
            return;
        }
    }
}

async fn give_out(
    mut to: impl AsyncWrite + Unpin,
    mut weather: watch::Receiver<Weather>,
    mut leave: mpsc::Receiver<Piece>,
    carried: Arc<AtomicU64>,
) {
    while let Some((due, bytes)) = leave.recv().await {
        sleep_until(due).await;
        let rate = not_lost(&mut weather).await;
        if let Some(rate) = rate {
            sleep(time_for(bytes.len(), rate)).await;
        }
        if to.write_all(&bytes).await.is_err() || to.flush().await.is_err() {
            return;
        }
        carried.fetch_add(u64::try_from(bytes.len()).unwrap_or_default(), Ordering::SeqCst);
    }
    not_lost(&mut weather).await;
    let _ = to.shutdown().await;
}

/// Waits until something arrives again; says how fast.
async fn not_lost(weather: &mut watch::Receiver<Weather>) -> Option<u32> {
    let fair = weather.wait_for(|weather| !weather.lost).await;
    fair.ok().and_then(|weather| weather.rate)
}

fn time_for(bytes: usize, rate: u32) -> Duration {
    let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
    Duration::from_secs_f64(f64::from(bytes) / f64::from(rate.max(1)))
}
