//! A printer's web server for what a real one can't be asked to do: swallow a gigabyte and count
//! it, send events one by one, tell which headers it got, break off in the middle.

use std::{
    convert::Infallible,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::Result;
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt, stream};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    body::{Frame, Incoming},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinHandle,
};
use tokio_tungstenite::{WebSocketStream, tungstenite::protocol::Role};

type Body = UnsyncBoxBody<Bytes, std::io::Error>;

/// A web server of a printer.
pub(crate) struct Workshop {
    address: SocketAddr,
    state: Arc<State>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    swallowed: AtomicU64,
    next_event: Notify,
    slow: Notify,
    numbered: Mutex<Vec<u64>>,
}

impl Workshop {
    /// Starts on a free port of 127.0.0.1.
    pub(crate) async fn start() -> Result<Self> {
        Self::start_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await
    }

    /// Starts at an address where one was before.
    pub(crate) async fn start_at(address: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(State::default());
        let task = tokio::spawn(serve(listener, Arc::clone(&state)));
        Ok(Self { address, state, task })
    }

    /// Where it is.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many bytes of uploads it got.
    pub(crate) fn swallowed(&self) -> u64 {
        self.state.swallowed.load(Ordering::Relaxed)
    }

    /// The numbers of all `/numbered/NUMBER`, `/upload/NUMBER` and messages that arrived, as often
    /// as they did.
    pub(crate) fn numbered(&self) -> Vec<u64> {
        self.state.numbered.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets `/events` send its next event, `/broken` break, `/slow` answer and `/paused` go on.
    pub(crate) fn next_event(&self) {
        self.state.next_event.notify_one();
    }

    /// Waits until somebody has asked for `/slow`.
    pub(crate) async fn asked_for_slow(&self) {
        self.state.slow.notified().await;
    }

    /// Ends it and gives its address back.
    pub(crate) async fn stop(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, state: Arc<State>) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((tcp, _)) = listener.accept().await {
        connections.spawn(serve_one(tcp, Arc::clone(&state)));
    }
}

async fn serve_one(tcp: TcpStream, state: Arc<State>) {
    let service = service_fn(move |request| {
        let state = Arc::clone(&state);
        async move { Ok::<_, Infallible>(answer(request, state).await) }
    });
    let connection = hyper::server::conn::http1::Builder::new();
    let _ = connection.serve_connection(TokioIo::new(tcp), service).with_upgrades().await;
}

/// Half of `/paused`, in bytes.
pub(crate) const HALF: usize = 100_000;

/// The host under which an agent asks whether strangers are let in; our printers refuse them.
pub(crate) const STRANGERS: &str = "printer.invalid";

/// Whether this is an agent's question whether strangers are let in.
pub(crate) fn is_of_stranger(headers: &HeaderMap) -> bool {
    headers.get("host").is_some_and(|host| host == STRANGERS)
}

async fn answer(request: Request<Incoming>, state: Arc<State>) -> Response<Body> {
    if is_of_stranger(request.headers()) {
        return text(StatusCode::FORBIDDEN, "log in first");
    }
    match request.uri().path() {
        "/upload" => swallow(request, &state).await,
        "/events" => events(state),
        "/headers" => text(StatusCode::OK, &headers(request.headers())),
        "/broken" => broken(state),
        "/endless" => endless(),
        "/echo" | "/websocket" => echo(request, state),
        "/slow" => {
            state.slow.notify_one();
            state.next_event.notified().await;
            text(StatusCode::OK, "done")
        }
        "/paused" => paused(state),
        path if path.starts_with("/upload/") => {
            state.count(path.strip_prefix("/upload/"));
            swallow(request, &state).await
        }
        path if path.starts_with("/known/") || path.starts_with("/unknown/") => bytes(path),
        path => {
            state.count(path.strip_prefix("/numbered/"));
            text(StatusCode::OK, "a printer")
        }
    }
}

impl State {
    fn count(&self, number: Option<&str>) {
        let number = number.and_then(|number| number.parse().ok());
        self.numbered.lock().unwrap_or_else(PoisonError::into_inner).extend::<Option<u64>>(number);
    }
}

async fn swallow(request: Request<Incoming>, state: &State) -> Response<Body> {
    let mut body = request.into_body();
    let mut bytes = 0;
    while let Some(Ok(frame)) = body.frame().await {
        let length = frame.data_ref().map_or(0, Bytes::len) as u64;
        bytes += length;
        state.swallowed.fetch_add(length, Ordering::Relaxed);
    }
    text(StatusCode::CREATED, &bytes.to_string())
}

fn events(state: Arc<State>) -> Response<Body> {
    let events = stream::unfold((0_u32, state), |(number, state)| async move {
        state.next_event.notified().await;
        let event = Frame::data(Bytes::from(format!("data: {number}\n\n")));
        Some((Ok(event), (number + 1, state)))
    });
    let mut answer = Response::new(StreamBody::new(events).boxed_unsync());
    answer.headers_mut().insert("content-type", HeaderValue::from_static("text/event-stream"));
    answer
}

/// The byte at this place of `/known/LENGTH` and `/unknown/LENGTH`.
pub(crate) fn pattern(at: usize) -> u8 {
    u8::try_from((at * 31 + at / 256) % 251).unwrap_or_default()
}

/// So many bytes, whose number is said beforehand or not.
fn bytes(path: &str) -> Response<Body> {
    let length = path.rsplit('/').next().and_then(|length| length.parse().ok()).unwrap_or(0);
    let pieces = (0..length).step_by(50_000).map(move |at| {
        let piece: Vec<u8> = (at..length.min(at + 50_000)).map(pattern).collect();
        Ok(Frame::data(Bytes::from(piece)))
    });
    let mut answer = Response::new(StreamBody::new(stream::iter(pieces)).boxed_unsync());
    if path.starts_with("/known/") {
        answer.headers_mut().insert("content-length", length.into());
    }
    answer
}

/// Half of an answer, and then the connection breaks.
fn broken(state: Arc<State>) -> Response<Body> {
    let half = stream::once(async { Ok(Frame::data(Bytes::from_static(b"half"))) });
    let end = stream::once(async move {
        state.next_event.notified().await;
        Err(std::io::Error::other("the printer is gone"))
    });
    Response::new(StreamBody::new(half.chain(end)).boxed_unsync())
}

/// A large answer that is told to go on behind its first half.
fn paused(state: Arc<State>) -> Response<Body> {
    let half = || Ok(Frame::data(Bytes::from(vec![b'x'; HALF])));
    let first = stream::once(async move { half() });
    let second = stream::once(async move {
        state.next_event.notified().await;
        half()
    });
    Response::new(StreamBody::new(first.chain(second)).boxed_unsync())
}

/// A download without an end.
fn endless() -> Response<Body> {
    let piece = Bytes::from(vec![b'x'; 16 * 1024]);
    let pieces = stream::repeat_with(move || Ok(Frame::data(piece.clone())));
    Response::new(StreamBody::new(pieces).boxed_unsync())
}

fn echo(mut request: Request<Incoming>, state: Arc<State>) -> Response<Body> {
    let key = request.headers().get("sec-websocket-key").cloned();
    let Some(key) = key else { return text(StatusCode::BAD_REQUEST, "a WebSocket, please") };
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let Ok(upgraded) = upgrade.await else { return };
        let io = TokioIo::new(upgraded);
        let mut socket = WebSocketStream::from_raw_socket(io, Role::Server, None).await;
        while let Some(Ok(message)) = socket.next().await {
            state.count(message.to_text().ok());
            if message.is_close() || socket.send(message).await.is_err() {
                break;
            }
        }
    });
    let accept = tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.as_bytes());
    let mut answer = text(StatusCode::SWITCHING_PROTOCOLS, "");
    let headers = answer.headers_mut();
    headers.insert("connection", HeaderValue::from_static("upgrade"));
    headers.insert("upgrade", HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(&accept) {
        headers.insert("sec-websocket-accept", accept);
    }
    answer
}

fn headers(headers: &HeaderMap) -> String {
    let lines = headers
        .iter()
        .map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())));
    lines.collect()
}

fn text(status: StatusCode, text: &str) -> Response<Body> {
    let body = Full::new(Bytes::from(text.to_owned())).map_err(|never| match never {});
    let mut answer = Response::new(body.boxed_unsync());
    *answer.status_mut() = status;
    answer
}
