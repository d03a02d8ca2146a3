//! What moves a tunnel at the end that asks.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};

use bytes::Bytes;
use h2::client::{Connection, SendRequest};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{Error, crowd::Crowd, keep_alive::keep_alive, watched::Heard};

/// How long it may take to tell the other side that the connection is closed.
const GOODBYE: Duration = Duration::from_secs(1);

/// Moves the connection until it ends, goes silent or is closed.
pub(crate) async fn drive<T>(
    mut connection: Connection<T, Bytes>,
    heard: Heard,
    crowd: Crowd,
    close: CancellationToken,
    _ended: DropGuard,
) -> Result<(), Error>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let silence = keep_alive(connection.ping_pong(), heard.clone());
    let mut moving = pin!(poll_fn(|cx| match Pin::new(&mut connection).poll(cx) {
        Poll::Ready(result) => Poll::Ready(result.map_err(Error::from)),
        Poll::Pending if crowd.is_too_large() => Poll::Ready(Err(Error::Protocol(None))),
        Poll::Pending => Poll::Pending,
    }));
    tokio::select! {
        result = &mut moving => result,
        error = silence => Err(error),
        () = close.cancelled() => {
            heard.end();
            let _ = timeout(GOODBYE, moving).await;
            Ok(())
        }
    }
}

/// Moves the connection until the other side's settings are there.
pub(crate) async fn settings_arrived<D>(
    sender: &SendRequest<Bytes>,
    mut driver: Pin<&mut D>,
) -> Result<(), Error>
where
    D: Future<Output = Result<(), Error>>,
{
    poll_fn(|cx| match driver.as_mut().poll(cx) {
        Poll::Ready(result) => Poll::Ready(result.and(Err(Error::Closed))),
        Poll::Pending if sender.is_extended_connect_protocol_enabled() => Poll::Ready(Ok(())),
        Poll::Pending => Poll::Pending,
    })
    .await
}
