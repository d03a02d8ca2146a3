//! The end of a connection that asks: the hub's, once an agent is linked.

use std::{future::Future, pin::Pin, sync::Arc};

use bytes::Bytes;
use h2::{
    SendStream,
    client::{ResponseFuture, SendRequest},
};
use http::{Extensions, Request, Response, Version, request};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::{
    Allowance, Body, BoxError, Error, Limits, Priority, Protocol, Rider, bounds,
    budget::Reader,
    crowd::Crowd,
    drive::{drive, settings_arrived},
    exchange::Exchange,
    limits::HANDSHAKE,
    pump::upload,
    resets::Resets,
    slots::{Slot, Slots},
    watched::Watched,
};

/// A connection over which requests can be sent. Clones share it; it ends when its driver does,
/// or when the last clone and the last body are gone.
#[derive(Clone, Debug)]
pub struct Tunnel(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    sender: Arc<SendRequest<Bytes>>,
    limits: Limits,
    allowance: Allowance,
    slots: Slots,
    resets: Arc<Resets>,
    close: CancellationToken,
    ended: CancellationToken,
}

/// A request that has no answer.
#[derive(Debug)]
pub struct Failed<B> {
    /// Why.
    pub error: Error,
    /// The request, if nothing of it was sent because the connection couldn't take it. It may be
    /// sent another way.
    pub unsent: Option<Box<Request<B>>>,
}

impl<B> From<Error> for Failed<B> {
    fn from(error: Error) -> Self {
        Self { error, unsent: None }
    }
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
        Self::open_within(io, limits, Allowance::unbounded()).await
    }

    /// [`Tunnel::open_with`], and what is left unread of all answers together is bounded.
    ///
    /// # Errors
    /// As there.
    pub async fn open_within<T>(
        io: T,
        limits: Limits,
        allowance: Allowance,
    ) -> Result<(Self, Driver), Error>
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let shaking = Self::shake_hands(io, limits, allowance);
        timeout(HANDSHAKE, shaking).await.map_err(|_| Error::Silent)?
    }

    async fn shake_hands<T>(
        io: T,
        limits: Limits,
        allowance: Allowance,
    ) -> Result<(Self, Driver), Error>
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
        let sender = Arc::new(sender);
        crowd.watch(&sender);
        let inner = Inner { sender, limits, allowance, slots, resets, close, ended };
        Ok((Self(Arc::new(inner)), driver))
    }

    /// Sends a request and waits for the head of its answer. A [`Priority`] among the request's
    /// extensions chooses the streams it may use; a [`crate::Rider`] there lasts as long as the
    /// request's stream is taken. Dropping this future, or the answer's body
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
        self.try_send(request).await.map_err(|failed| failed.error)
    }

    /// [`Tunnel::send`], which gives the request back if nothing of it was sent.
    ///
    /// # Errors
    /// As there.
    pub async fn try_send<B>(&self, request: Request<B>) -> Result<Response<Body>, Failed<B>>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let (parts, body) = request.into_parts();
        let length = bounds::check_request(&parts, body.is_end_stream())?;
        let is_empty = body.is_end_stream() || length.is_nothing();
        let reader = Reader {
            person: parts.extensions.get().map(Rider::person),
            urgent: parts.extensions.get() == Some(&Priority::Control),
        };
        let (slot, answer, stream) = match self.start(&parts, is_empty).await {
            Ok(started) => started,
            Err(error) => {
                let unsent = Some(Box::new(Request::from_parts(parts, body)));
                return Err(Failed { error, unsent });
            }
        };
        let mut exchange = Exchange::new(slot.clone(), self.0.resets.clone());
        if !is_empty {
            tokio::spawn(upload(body, length, stream, exchange.watch(), slot));
        }
        let answer = answer.await;
        exchange.answered();
        let (parts, stream) = answer.map_err(Error::from)?.into_parts();
        let Inner { limits, allowance, .. } = &*self.0;
        let body = Body::of_answer(stream, exchange, limits, (allowance, reader));
        Ok(Response::from_parts(parts, body))
    }

    /// What is left unread of answers counts here.
    pub fn allowance(&self) -> &Allowance {
        &self.0.allowance
    }

    /// Whether no request is under way, the reserved streams aside.
    pub fn is_idle(&self) -> bool {
        self.0.slots.are_free()
    }

    /// Whether both are the same connection.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Whether nothing can be sent any more.
    pub fn is_closed(&self) -> bool {
        self.0.ended.is_cancelled()
    }

    /// Waits until the connection has ended.
    pub async fn closed(&self) {
        self.0.ended.cancelled().await;
    }

    /// Waits until the connection ends, or was closed here and is about to.
    pub async fn ending(&self) {
        tokio::select! {
            () = self.0.close.cancelled() => {}
            () = self.closed() => {}
        }
    }

    /// Ends the connection, and everything in it, at once.
    pub fn close(&self) {
        self.0.close.cancel();
    }

    async fn slot(&self, extensions: &Extensions) -> Result<Slot, Error> {
        let priority = extensions.get().copied().unwrap_or_default();
        if priority == Priority::Visitor && !self.0.resets.have_room() {
            return Err(Error::Busy);
        }
        tokio::select! {
            biased;
            () = self.0.ended.cancelled() => Err(Error::Closed),
            slot = self.0.slots.acquire(priority, extensions.get().cloned()) => slot,
        }
    }

    /// Sends the head of a request, as soon as there is a free stream, or nothing at all.
    async fn start(
        &self,
        parts: &request::Parts,
        is_empty: bool,
    ) -> Result<(Slot, ResponseFuture, SendStream<Bytes>), Error> {
        let slot = self.slot(&parts.extensions).await?;
        let mut sender = SendRequest::clone(&self.0.sender).ready().await?;
        let (answer, stream) = sender.send_request(head(parts), is_empty)?;
        Ok((slot, answer, stream))
    }
}

/// The request as it is sent: whatever else rides on it here stays here.
fn head(parts: &request::Parts) -> Request<()> {
    let mut head = Request::new(());
    *head.version_mut() = Version::HTTP_2;
    *head.method_mut() = parts.method.clone();
    *head.uri_mut() = parts.uri.clone();
    *head.headers_mut() = parts.headers.clone();
    if let Some(protocol) = parts.extensions.get::<Protocol>() {
        head.extensions_mut().insert(protocol.clone());
    }
    head
}
