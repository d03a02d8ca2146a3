//! Serving: accept, judge, encrypt, hand over; and stop without cutting anyone off who is nearly
//! done.

mod answer;
mod caps;
mod connection;
mod held;
mod redirect;
mod strict;
mod work;

use std::{convert::Infallible, future::Future, io, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc::UnboundedReceiver,
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    BoxError, FurtherPort, Limits, Listeners, Stop, Tls, TlsStream, TrustedProxies,
    certificate::Resolver, files, request_id::RequestIds,
};
use caps::{Caps, Place};
use connection::Visit;

/// How long to wait when the system can't give us another connection, most often because too many
/// files are open: trying at once again would only burn the processor.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);
/// How often certificates are looked at for their end.
const RENEWAL: Duration = Duration::from_hours(12);

/// Serves until a stop is asked for, then finishes what is running for at most [`Limits::stop`].
///
/// `web` answers requests of HTTP/1.1 and HTTP/2; WebSockets of both reach it as requests that it
/// can upgrade. Each request carries a [`crate::Connection`] and a [`crate::RequestId`] among its
/// extensions. `raw` gets the connections of [`Tls`]'s raw protocols, which should end on
/// [`Stop::emptied`]; what is left when the time is over is dropped. Dropping the returned future
/// ends everything at once, apart from upgraded connections, which belong to `web`.
pub async fn serve<W, B, R, F>(
    listeners: Listeners,
    tls: Tls,
    web: W,
    raw: R,
    trusted: TrustedProxies,
    mut limits: Limits,
    stop: impl Into<Stop>,
) -> io::Result<()>
where
    W: tower::Service<Request<Incoming>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + Sync
        + 'static,
    W::Future: Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
    R: Fn(&'static [u8], TlsStream, SocketAddr) -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let https_port = listeners.addresses()?.https.port();
    let resolver = Arc::clone(tls.resolver());
    limits.fit(files::room());
    let caps = Caps::new(&limits);
    let (to_leave, to_stop) = (limits.leave, limits.stop);
    let now = CancellationToken::new();
    let _if_dropped = now.clone().drop_guard();
    let (open, raw_open) = (TaskTracker::new(), TaskTracker::new());
    let doors = Doors { caps, trusted, stop: stop.into(), now, open, raw_open };
    let (ids, doors_of_visit) = (RequestIds::default(), doors.clone());
    let visit =
        Visit { limits, https_port, resolver: Arc::clone(&resolver), doors: doors_of_visit, ids };
    let front = Arc::new(Front { tls, web, raw, visit });
    let https = doors.let_in(listeners.https, |tcp, peer, place| {
        Arc::clone(&front).encrypted(tcp, peer, place, Serves::Everything)
    });
    let http = doors
        .let_in_if(listeners.http, |tcp, _, place| front.visit.clone().unencrypted(tcp, place));
    let further = open_further(listeners.further, &front);
    tokio::join!(https, http, further, renew(resolver, &doors.stop.asked), doors.leave(to_leave));
    doors.close(to_stop).await;
    Ok(())
}

/// What a port is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Serves {
    Everything,
    Pages,
}

/// Lets visitors in at each port that comes, until it is closed.
async fn open_further<W, B, R, F>(
    ports: Option<UnboundedReceiver<FurtherPort>>,
    front: &Arc<Front<W, R>>,
) where
    W: tower::Service<Request<Incoming>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + Sync
        + 'static,
    W::Future: Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
    R: Fn(&'static [u8], TlsStream, SocketAddr) -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let Some(mut ports) = ports else { return };
    let shutdown = &front.visit.doors.stop.asked;
    while let Some(Some(port)) = shutdown.run_until_cancelled(ports.recv()).await {
        let ((listener, closed), front) = (port.into_parts(), Arc::clone(front));
        let doors = front.visit.doors.clone();
        front.visit.doors.open.clone().spawn(async move {
            let letting_in = doors.let_in(listener, |tcp, peer, place| {
                Arc::clone(&front).encrypted(tcp, peer, place, Serves::Pages)
            });
            let until_closed = closed.run_until_cancelled(letting_in);
            doors.now.run_until_cancelled(until_closed).await
        });
    }
}

/// Everything that a connection may need.
struct Front<W, R> {
    tls: Tls,
    web: W,
    raw: R,
    visit: Visit,
}

impl<W, B, R, F> Front<W, R>
where
    W: tower::Service<Request<Incoming>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + Sync
        + 'static,
    W::Future: Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
    R: Fn(&'static [u8], TlsStream, SocketAddr) -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    async fn encrypted(
        self: Arc<Self>,
        tcp: TcpStream,
        peer: SocketAddr,
        mut place: Place,
        serves: Serves,
    ) {
        let Ok(local) = tcp.local_addr() else { return };
        let handshake = timeout(self.visit.limits.handshake, self.tls.accept(tcp));
        let accepted = match self.visit.doors.stop.asked.run_until_cancelled(handshake).await {
            Some(Ok(Ok(accepted))) => accepted,
            Some(Ok(Err(error))) => return tracing::debug!(%peer, %error, "no TLS"),
            Some(Err(_)) => return tracing::debug!(%peer, "the TLS handshake took too long"),
            None => return tracing::debug!(%peer, "it came while the doors were closed"),
        };
        place.handshake_done();
        match accepted {
            crate::tls::Accepted::Web(stream) => {
                self.visit.serve(self.web.clone(), stream, place, peer, local).await;
            }
            crate::tls::Accepted::Raw(..) if serves == Serves::Pages => {
                tracing::debug!(%peer, "a raw protocol at a port for pages");
            }
            crate::tls::Accepted::Raw(alpn, stream) => {
                let talking = (self.raw)(alpn, stream, peer);
                self.visit.doors.keep_raw(place, talking);
            }
        }
    }
}

/// Who is let in, and how everyone is sent home.
#[derive(Clone)]
struct Doors {
    caps: Caps,
    trusted: TrustedProxies,
    /// Finish what you are doing.
    stop: Stop,
    /// Stop at once.
    now: CancellationToken,
    /// Visitors, and those who haven't said yet what they are.
    open: TaskTracker,
    raw_open: TaskTracker,
}

impl Doors {
    async fn let_in_if<F>(
        &self,
        listener: Option<Arc<TcpListener>>,
        serve: impl Fn(TcpStream, SocketAddr, Place) -> F,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        if let Some(listener) = listener {
            self.let_in(listener, serve).await;
        }
    }

    /// Accepts connections until the doors are closed, each in a task of its own.
    async fn let_in<F>(
        &self,
        listener: Arc<TcpListener>,
        serve: impl Fn(TcpStream, SocketAddr, Place) -> F,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let closed = || async {
            tokio::select! {
                () = self.stop.leaving.cancelled() => {}
                () = self.stop.asked.cancelled() => {}
            }
        };
        loop {
            let accepted = tokio::select! {
                biased;
                () = closed() => return,
                accepted = listener.accept() => accepted,
            };
            let (tcp, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    pause_after(&error).await;
                    continue;
                }
            };
            let Some(place) = self.caps.enter(peer.ip(), &self.trusted) else {
                tracing::debug!(%peer, "too many connections");
                continue;
            };
            tune(&tcp);
            let (serving, now) = (serve(tcp, peer, place), self.now.clone());
            self.open.spawn(async move { now.run_until_cancelled(serving).await });
        }
    }

    /// Lets a raw connection go on in a task of its own.
    fn keep_raw(&self, place: Place, talking: impl Future<Output = ()> + Send + 'static) {
        let now = self.now.clone();
        self.raw_open.spawn(async move {
            now.run_until_cancelled(talking).await;
            drop(place);
        });
    }

    /// Once another process has the ports: waits until the visitors have gone there, but not for
    /// ever, and asks for the stop.
    async fn leave(&self, patience: Duration) {
        let left = async {
            self.stop.leaving.cancelled().await;
            self.open.close();
            let _ = timeout(patience, self.open.wait()).await;
            self.stop.asked.cancel();
        };
        self.stop.asked.run_until_cancelled(left).await;
    }

    /// Waits until all are gone, visitors first, but not for ever.
    async fn close(&self, patience: Duration) {
        self.open.close();
        self.raw_open.close();
        let all_gone = async {
            self.open.wait().await;
            self.stop.emptied.cancel();
            self.raw_open.wait().await;
        };
        if timeout(patience, all_gone).await.is_err() {
            let connections = self.open.len() + self.raw_open.len();
            tracing::info!(connections, "cut off what did not finish in time");
            self.stop.emptied.cancel();
            self.now.cancel();
            tokio::join!(self.open.wait(), self.raw_open.wait());
        }
    }
}

/// Some errors concern only the connection that was to be accepted; after others, for instance too
/// many open files, the next try would fail as well.
async fn pause_after(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::warn!(%error, "can't accept connections");
        sleep(ACCEPT_AGAIN).await;
    }
}

/// Small messages leave at once, and a peer that has silently gone is noticed.
fn tune(tcp: &TcpStream) {
    let keep_alive = socket2::TcpKeepalive::new()
        .with_time(Duration::from_mins(1))
        .with_interval(Duration::from_secs(15));
    let tuned = tcp
        .set_nodelay(true)
        .and_then(|()| socket2::SockRef::from(tcp).set_tcp_keepalive(&keep_alive));
    if let Err(error) = tuned {
        tracing::debug!(%error, "a connection can't be tuned");
    }
}

async fn renew(resolver: Arc<Resolver>, shutdown: &CancellationToken) {
    while shutdown.run_until_cancelled(sleep(RENEWAL)).await.is_some() {
        let resolver = Arc::clone(&resolver);
        let renewed = tokio::task::spawn_blocking(move || resolver.renew()).await;
        if let Ok(Err(error)) = renewed {
            tracing::warn!(%error, "certificates can't be renewed");
        }
    }
}
