//! The end of a connection that asks: the hub's, once an agent is linked.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::{Arc, OnceLock, Weak},
    task::Poll,
};

use bytes::Bytes;
use h2::{
    SendStream,
    client::{Connection, ResponseFuture, SendRequest},
};
use http::{Request, Response, Version, request};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::oneshot,
    time::timeout,
};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    Body, BoxError, Error, Limits, Priority, Protocol,
    bounds::{self, Length},
    exchange::{Exchange, Finished},
    keep_alive::keep_alive,
    limits::HANDSHAKE,
    pump::pump,
    resets::Resets,
    slots::{Slot, Slots},
    watched::{Heard, Watched},
};

/// A connection over which requests can be sent. Clones share it; it ends when its driver does,
/// or when the last clone and the last body are gone.
#[derive(Clone, Debug)]
pub struct Tunnel(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    sender: SendRequest<Bytes>,
    slots: Slots,
    resets: Arc<Resets>,
    close: CancellationToken,
    ended: CancellationToken,
}

/// What moves a [`Tunnel`]; run it in a task of its own. Resolves when the connection has ended:
/// `Ok` if one of the sides wanted it to. Dropping it ends the connection at once.
pub type Driver = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

impl Tunnel {
    /// Starts HTTP/2 as the client with [`Limits::TUNNEL`]. Returns once the other side has said
    /// what it allows; until then nobody has judged our key. The second value must be polled
    /// (in a task of its own) for anything to move, and resolves when the connection has ended.
    ///
    /// # Errors
    /// The other side doesn't speak HTTP/2 with extended CONNECT, hangs up, or says nothing for
    /// 10 s.
    pub async fn open<T>(io: T) -> Result<(Self, Driver), Error>
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        Self::open_with(io, Limits::TUNNEL).await
    }

    /// [`Tunnel::open`] with other limits.
    ///
    /// # Errors
    /// As there.
    pub async fn open_with<T>(io: T, limits: Limits) -> Result<(Self, Driver), Error>
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        timeout(HANDSHAKE, Self::shake_hands(io, limits)).await.map_err(|_| Error::Silent)?
    }

    async fn shake_hands<T>(io: T, limits: Limits) -> Result<(Self, Driver), Error>
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (io, heard) = Watched::new(io);
        let (sender, connection) = limits.client().handshake::<_, Bytes>(io).await?;
        let (close, ended) = (CancellationToken::new(), CancellationToken::new());
        let guard = ended.clone().drop_guard();
        let crowd = Crowd::new(limits);
        let mut driver = Box::pin(drive(connection, heard, crowd.clone(), close.clone(), guard));
        settings_arrived(&sender, driver.as_mut()).await?;

        let slots = Slots::new(limits, sender.current_max_send_streams());
        let resets = Arc::new(Resets::new(limits.remembered_resets));
        let inner = Arc::new(Inner { sender, slots, resets, close, ended });
        crowd.watch(&inner);
        Ok((Self(inner), driver))
    }

    /// Sends a request and waits for the head of its answer. A [`Priority`] among the request's
    /// extensions chooses the streams it may use. Dropping this future, or the answer's body
    /// before its end, cancels the request at the other side.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the request is outside the bounds (nothing was sent),
    /// [`Error::Busy`] if no stream got free in time, [`Error::Reset`] if the other side gave it
    /// up, [`Error::Closed`] and others if the connection ended. Nothing is ever sent twice.
    pub async fn send<B>(&self, request: Request<B>) -> Result<Response<Body>, Error>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let (parts, body) = request.into_parts();
        let length = bounds::check_request(&parts, body.is_end_stream())?;
        let is_empty = body.is_end_stream() || length.is_nothing();
        let slot = self.slot(parts.extensions.get().copied().unwrap_or_default()).await?;

        let mut exchange = Exchange::new(slot.clone(), self.0.resets.clone());
        let (answer, stream) = self.start(parts, is_empty).await?;
        if !is_empty {
            tokio::spawn(upload(body, length, stream, exchange.watch(), slot));
        }
        let (parts, stream) = answer.await?.into_parts();
        Ok(Response::from_parts(parts, Body::of_answer(stream, exchange)))
    }

    /// Whether nothing can be sent any more.
    pub fn is_closed(&self) -> bool {
        self.0.ended.is_cancelled()
    }

    /// Waits until the connection has ended.
    pub async fn closed(&self) {
        self.0.ended.cancelled().await;
    }

    /// Ends the connection, and everything in it, at once.
    pub fn close(&self) {
        self.0.close.cancel();
    }

    async fn slot(&self, priority: Priority) -> Result<Slot, Error> {
        if !self.0.resets.have_room() {
            return Err(Error::Busy);
        }
        tokio::select! {
            biased;
            () = self.0.ended.cancelled() => Err(Error::Closed),
            slot = self.0.slots.acquire(priority) => slot,
        }
    }

    async fn start(
        &self,
        parts: request::Parts,
        is_empty: bool,
    ) -> Result<(ResponseFuture, SendStream<Bytes>), Error> {
        let mut sender = self.0.sender.clone().ready().await?;
        Ok(sender.send_request(head(parts), is_empty)?)
    }
}

/// The request as it is sent: whatever else rides on it here stays here.
fn head(parts: request::Parts) -> Request<()> {
    let mut head = Request::new(());
    *head.version_mut() = Version::HTTP_2;
    *head.method_mut() = parts.method;
    *head.uri_mut() = parts.uri;
    *head.headers_mut() = parts.headers;
    if let Some(protocol) = parts.extensions.get::<Protocol>() {
        head.extensions_mut().insert(protocol.clone());
    }
    head
}

/// Sends a request's body, until its end or until the request is cancelled.
async fn upload<B>(
    body: B,
    length: Length,
    mut stream: SendStream<Bytes>,
    exchange: oneshot::Receiver<Finished>,
    _slot: Slot,
) where
    B: http_body::Body<Data = Bytes> + Send + 'static,
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
    stream.send_reset(h2::Reason::CANCEL);
}

/// A guard against an agent that makes the hub remember more and more. With
/// [`Limits::mistakes`] at `None` the library doesn't count the other side's mistakes, but each
/// of them may bring a stream back that was forgotten long ago.
#[derive(Clone)]
struct Crowd {
    most: usize,
    inner: Arc<OnceLock<Weak<Inner>>>,
}

impl Crowd {
    /// All streams in use, and twice the remembered ones.
    fn new(limits: Limits) -> Self {
        let streams = usize::try_from(limits.streams).unwrap_or(usize::MAX);
        let most = streams.saturating_add(limits.remembered_resets.saturating_mul(2));
        Self { most, inner: Arc::default() }
    }

    /// Weakly: a connection that nobody can use any more ends by itself.
    fn watch(&self, inner: &Arc<Inner>) {
        let _ = self.inner.set(Arc::downgrade(inner));
    }

    fn is_too_large(&self) -> bool {
        let inner = self.inner.get().and_then(Weak::upgrade);
        inner.is_some_and(|inner| inner.sender.num_wired_streams() > self.most)
    }
}

/// Moves the connection until it ends, goes silent or is closed.
async fn drive<T>(
    mut connection: Connection<T, Bytes>,
    heard: Heard,
    crowd: Crowd,
    close: CancellationToken,
    _ended: DropGuard,
) -> Result<(), Error>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let silence = keep_alive(connection.ping_pong(), heard);
    let moving = poll_fn(|cx| match Pin::new(&mut connection).poll(cx) {
        Poll::Ready(result) => Poll::Ready(result.map_err(Error::from)),
        Poll::Pending if crowd.is_too_large() => Poll::Ready(Err(Error::Protocol(None))),
        Poll::Pending => Poll::Pending,
    });
    tokio::select! {
        result = moving => result,
        error = silence => Err(error),
        () = close.cancelled() => Ok(()),
    }
}

/// Moves the connection until the other side's settings are there.
async fn settings_arrived<D>(
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
