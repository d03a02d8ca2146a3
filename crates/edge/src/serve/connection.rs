//! One visitor's connection: HTTP/1.1 or HTTP/2 by what TLS agreed on, never guessed from the
//! first bytes (a visitor could take for ever to send those), with bounds on what it may cost us.

use std::{
    convert::Infallible,
    future::pending,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures_util::TryFutureExt;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::{net::TcpStream, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
    Doors,
    answer::answer,
    caps::Place,
    held::Held,
    redirect,
    strict::Strict,
    work::{Owed, Told, Work},
};
use crate::{
    BoxError, Limits, TlsStream, certificate::Resolver, request_id::RequestIds, tls::ALPN_HTTP2,
};

/// Hyper allows no smaller buffer for an HTTP/1.1 header.
const SMALLEST_HEADER: usize = 8 * 1024;
/// How much of one upload may wait unread. It bounds an upload's speed to this much per round
/// trip: 42 Mbit/s over 100 ms.
const STREAM_WINDOW: u32 = 512 * 1024;

/// What is the same for all connections.
#[derive(Clone)]
pub(super) struct Visit {
    pub(super) limits: Limits,
    pub(super) https_port: u16,
    pub(super) resolver: Arc<Resolver>,
    pub(super) doors: Doors,
    pub(super) ids: RequestIds,
}

impl Visit {
    /// Serves one encrypted connection to its end.
    pub(super) async fn serve<W, B>(
        &self,
        web: W,
        stream: TlsStream,
        place: Place,
        peer: SocketAddr,
        local: SocketAddr,
    ) where
        W: tower::Service<Request<Incoming>, Response = Response<B>, Error = Infallible>
            + Clone
            + Send
            + 'static,
        W::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(ALPN_HTTP2);
        let held = Held::new(stream, place);
        let turns = Turns::new();
        let service = {
            let (turns, trusted) = (turns.clone(), self.doors.trusted.clone());
            let (limits, leaving) = (self.limits.clone(), self.doors.stop.leaving.clone());
            let ids = self.ids.clone();
            service_fn(move |request: Request<Incoming>| {
                let (owed, work) = (turns.begin(), turns.work.clone());
                let connection = trusted.connection(request.headers(), peer, local);
                let opens_socket = *request.method() == Method::CONNECT;
                let answered = answer(web.clone(), request, connection, ids.next(), &limits);
                let leaving = leaving.clone();
                answered.map_ok(move |mut response| {
                    say_goodbye(!is_http2 && leaving.is_cancelled(), &mut response);
                    work.upgraded(is_upgrade(opens_socket, response.status()));
                    response.map(|body| Told::new(body, owed))
                })
            })
        };
        if is_http2 {
            let connection = self.http2().serve_connection(TokioIo::new(held), service);
            let finish = http2::Connection::graceful_shutdown;
            self.drive(connection, finish, Parting::AtOnce, turns).await;
        } else {
            let io = TokioIo::new(held.strictly(Strict::new(turns.work.clone())));
            let connection = self.http1().serve_connection(io, service).with_upgrades();
            let finish = http1::UpgradeableConnection::graceful_shutdown;
            self.drive(connection, finish, Parting::WithAnswer, turns).await;
        }
    }

    /// Answers one unencrypted connection: all it learns is where HTTPS is.
    pub(super) async fn unencrypted(self, tcp: TcpStream, mut place: Place) {
        place.handshake_done();
        let turns = Turns::new();
        let service = service_fn(|request| {
            let owed = turns.begin();
            let answer = redirect::to_https(&request, &self.resolver, self.https_port);
            async { Ok::<_, Infallible>(answer.map(|body| Told::new(body, owed))) }
        });
        let io = TokioIo::new(Held::new(tcp, place).strictly(Strict::new(turns.work.clone())));
        let connection = self.http1().serve_connection(io, service);
        let finish = http1::Connection::graceful_shutdown;
        self.drive(connection, finish, Parting::WithAnswer, turns.clone()).await;
    }

    /// Runs a connection until it ends. It has to begin its first request in time, and to go on
    /// when it is the visitor's turn; on shutdown it may finish the requests that are running.
    async fn drive<C>(
        &self,
        connection: C,
        finish: impl Fn(Pin<&mut C>),
        parting: Parting,
        turns: Turns,
    ) where
        C: Future<Output = hyper::Result<()>>,
    {
        let mut connection = pin!(connection);
        if parting == Parting::AtOnce {
            // Whoever has just come has a reason: it is heard first. Clients send a request once
            // more if a connection that they know takes no more, but not if a new one doesn't.
            let told = async {
                self.doors.stop.leaving.cancelled().await;
                turns.begun.cancelled().await;
            };
            tokio::select! {
                () = self.stay(connection.as_mut(), &finish, &turns) => return,
                () = told => finish(connection.as_mut()),
            }
        }
        self.stay(connection, &finish, &turns).await;
    }

    async fn stay<C>(
        &self,
        mut connection: Pin<&mut C>,
        finish: &impl Fn(Pin<&mut C>),
        turns: &Turns,
    ) where
        C: Future<Output = hyper::Result<()>>,
    {
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = turns.never_begins(&self.limits) => return tracing::debug!("no request came"),
            () = turns.work.idle_for(self.limits.idle) => {
                finish(connection.as_mut());
                match turns.last(connection, self.limits.slow_header).await {
                    Some(ended) => ended,
                    None => return tracing::debug!("an idle connection was cut"),
                }
            }
            () = self.doors.stop.asked.cancelled() => {
                finish(connection.as_mut());
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended early");
        }
    }

    fn http1(&self) -> http1::Builder {
        let mut builder = http1::Builder::new();
        let header = usize::try_from(self.limits.whole_header()).unwrap_or(usize::MAX);
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.slow_header)
            .max_buf_size(header.max(SMALLEST_HEADER));
        builder
    }

    fn http2(&self) -> http2::Builder<TokioExecutor> {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .enable_connect_protocol()
            .max_header_list_size(self.limits.whole_header())
            .max_concurrent_streams(self.limits.streams)
            // All streams together may hold as much as each alone: one that nobody reads must not
            // delay the others.
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(STREAM_WINDOW.saturating_mul(self.limits.streams))
            .keep_alive_interval(self.limits.ping)
            .keep_alive_timeout(self.limits.ping);
        builder
    }
}

/// How a visitor learns that we leave. HTTP/2 can say it at any time and loses nothing (RFC 9113,
/// 6.8). In HTTP/1.1 only an answer can say it: a request may be on its way when a connection is
/// closed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Parting {
    AtOnce,
    WithAnswer,
}

/// Whether an answer opens a WebSocket, in HTTP/2 to CONNECT.
fn is_upgrade(asked_to_connect: bool, status: StatusCode) -> bool {
    status == StatusCode::SWITCHING_PROTOCOLS || asked_to_connect && status.is_success()
}

/// Says if this was the last answer on an HTTP/1.1 connection. One that became a WebSocket stays.
fn say_goodbye<B>(is_last: bool, response: &mut Response<B>) {
    if is_last && response.status() != StatusCode::SWITCHING_PROTOCOLS {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
}

/// What happens on one connection.
#[derive(Clone)]
struct Turns {
    begun: CancellationToken,
    work: Work,
}

impl Turns {
    fn new() -> Self {
        Self { begun: CancellationToken::new(), work: Work::new() }
    }

    /// A request has come.
    fn begin(&self) -> Owed {
        self.begun.cancel();
        self.work.begin()
    }

    /// Ends if no request begins in time; otherwise never.
    async fn never_begins(&self, limits: &Limits) {
        if timeout(limits.slow_header, self.begun.cancelled()).await.is_ok() {
            pending::<()>().await;
        }
    }

    /// The end of a connection on which nothing new may begin: soon, or `None`, unless it carries
    /// a WebSocket. That one hangs on its session, not on us.
    async fn last<C: Future>(&self, connection: C, patience: Duration) -> Option<C::Output> {
        if self.work.is_upgraded() {
            return Some(connection.await);
        }
        timeout(patience, connection).await.ok()
    }
}
