//! The first connection of an agent that stops. It goes last: the second one ends with it, and what is
//! under way there has the same time to finish.

use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::sleep,
};
use tokio_util::sync::CancellationToken;
use tunnel::{GRACE, Limits};

use super::session::{Serving, serving};
use crate::{
    inside::{Inside, bulk::Asks, held::Held},
    transport::Connection,
};

/// Serves the first connection until it ends. After `shutdown`, what is under way on it and on the
/// second has 10 s in all.
pub(super) fn serve_first<I>(
    io: Connection<I>,
    inside: Inside,
    second: Asks,
    shutdown: CancellationToken,
) -> Serving
where
    I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let goodbye = CancellationToken::new();
    let parting = part(inside.held.clone(), second, shutdown, goodbye.clone());
    let served = serving(io, Limits::TUNNEL, inside, goodbye);
    Box::pin(async move {
        tokio::select! {
            ended = served => ended,
            () = parting => Ok(()),
        }
    })
}

/// Says goodbye once the second connection has ended, and returns when the time is over. The hub
/// hears at once that the agent stops: its reports end.
async fn part(held: Held, second: Asks, shutdown: CancellationToken, goodbye: CancellationToken) {
    shutdown.cancelled().await;
    held.part();
    let mut over = Box::pin(sleep(GRACE));
    tokio::select! {
        () = second.finished() => {}
        () = &mut over => {}
    }
    goodbye.cancel();
    over.await;
}
