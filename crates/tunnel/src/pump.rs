//! Sending a body into the tunnel: as much at a time as the other side has room for.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    task::Poll,
};

use bytes::Bytes;
use h2::{Reason, SendStream};
use http_body::{Body, Frame};
use tokio::sync::oneshot;

use crate::{BoxError, Error, bounds::Length, exchange::Finished, slots::Slot};

/// The most that is handed over at once, in bytes: four frames.
const CHUNK: usize = 64 * 1024;

/// Sends all of a body and then the end of the stream, without what may be said behind its last byte. Ends early when the other side resets the
/// stream. A body that fails, or that isn't as long as its `Content-Length` says, resets the
/// stream, so that the other side never takes a part for the whole.
pub(crate) async fn pump<B>(body: B, length: Length, stream: &mut SendStream<Bytes>)
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    if let Err(error) = send_all(body, length, stream).await {
        tracing::debug!(%error, "a body ended early");
        stream.send_reset(Reason::CANCEL);
    }
}

/// Sends a request's body, until its end or until the request is cancelled.
pub(crate) async fn upload<B>(
    body: B,
    length: Length,
    mut stream: SendStream<Bytes>,
    exchange: oneshot::Receiver<Finished>,
    _slot: Slot,
) where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let cancelled = async {
        if exchange.await.is_ok() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = pump(body, length, &mut stream) => return,
        () = cancelled => {}
    }
    stream.send_reset(Reason::CANCEL);
}

async fn send_all<B>(
    body: B,
    mut length: Length,
    stream: &mut SendStream<Bytes>,
) -> Result<(), BoxError>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let mut body = pin!(body);
    while let Some(frame) = next_frame(&mut body, stream).await? {
        let Ok(bytes) = frame.into_data() else { continue };
        length.take(bytes.len())?;
        let is_last = body.is_end_stream() && !bytes.is_empty();
        if is_last {
            length.end()?;
        }
        send_bytes(bytes, is_last, stream).await?;
        if is_last {
            return Ok(());
        }
    }
    length.end()?;
    Ok(stream.send_data(Bytes::new(), true)?)
}

/// Sends what there is. Nothing becomes no frame at all: the other side ends a connection after
/// some number of empty frames.
async fn send_bytes(
    mut bytes: Bytes,
    is_last: bool,
    stream: &mut SendStream<Bytes>,
) -> Result<(), Error> {
    while !bytes.is_empty() {
        let room = room(stream, bytes.len()).await?;
        let part = bytes.split_to(room);
        stream.send_data(part, is_last && bytes.is_empty())?;
    }
    Ok(())
}

/// The body's next frame, or an error as soon as the other side wants no more of them.
async fn next_frame<B>(
    body: &mut Pin<&mut B>,
    stream: &mut SendStream<Bytes>,
) -> Result<Option<Frame<Bytes>>, BoxError>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    poll_fn(|cx| {
        if let Poll::Ready(reset) = stream.poll_reset(cx) {
            return Poll::Ready(Err(reset.map_or_else(Error::from, Error::Reset).into()));
        }
        body.as_mut().poll_frame(cx).map(Option::transpose).map_err(Into::into)
    })
    .await
}

/// Waits for room for at least one and at most `wanted` bytes.
async fn room(stream: &mut SendStream<Bytes>, wanted: usize) -> Result<usize, Error> {
    stream.reserve_capacity(wanted.min(CHUNK));
    while stream.capacity() == 0 {
        let changed = poll_fn(|cx| stream.poll_capacity(cx)).await;
        changed.ok_or(Error::Closed)??;
    }
    Ok(stream.capacity().min(wanted))
}
