//! Making the second connection to the hub, whenever it asks for one. It carries what is large, and
//! lasts no longer than the first.

use std::{convert::Infallible, io, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use tunnel::{ALPN_BULK, Limits};

use super::session::serving;
use crate::{
    inside::bulk::{Made, Wish},
    transport::Way,
};

/// How long dialling and the TLS handshake may take together. The hub waits about as long.
const PATIENCE: Duration = Duration::from_secs(5);

/// Fulfils one wish after the other, for as long as it is polled.
pub(super) async fn follow<D, F, I>(
    way: Way<'_>,
    dial: &D,
    mut wishes: mpsc::Receiver<Wish>,
    shutdown: &CancellationToken,
) -> Infallible
where
    D: Fn() -> F,
    F: Future<Output = io::Result<I>>,
    I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    while let Some(Wish { inside, made }) = wishes.recv().await {
        let io = match timeout(PATIENCE, way.connect(dial, ALPN_BULK)).await {
            Ok(Ok(io)) => io,
            Ok(Err(error)) => {
                tracing::debug!(%error, "no second connection to the hub");
                continue;
            }
            Err(_) => continue,
        };
        let served = serving(io, Limits::BULK, inside, shutdown.clone());
        let _: Result<(), Made> = made.send(AbortOnDropHandle::new(tokio::spawn(async move {
            if let Err(error) = served.await {
                tracing::debug!(%error, "the second connection to the hub broke off");
            }
        })));
    }
    std::future::pending().await
}
