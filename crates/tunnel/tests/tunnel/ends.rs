//! A hub's and an agent's end, connected.

use std::{convert::Infallible, future::Future};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, Channel, Empty, Full, combinators::UnsyncBoxBody};
use printer::{AccountId, OsRandom, SystemClock};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream},
    sync::watch,
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use tunnel::{Allowance, Body, BoxError, Error, Limits, Protocol, Tunnel};

/// A body of any kind.
pub(crate) type AnyBody = UnsyncBoxBody<Bytes, BoxError>;

/// The sending half of a body.
pub(crate) type Feed = http_body_util::channel::Sender<Bytes, BoxError>;

/// Everything that a test holds on to.
pub(crate) struct Ends {
    pub(crate) hub: Tunnel,
    pub(crate) driver: JoinHandle<Result<(), Error>>,
    pub(crate) agent: JoinHandle<Result<(), Error>>,
    pub(crate) stop_agent: CancellationToken,
}

/// Connects both ends in memory.
pub(crate) async fn connect<H, Fut>(handler: H) -> Ends
where
    H: Fn(Request<Body>) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = Response<AnyBody>> + Send + 'static,
{
    let (hub, agent) = tokio::io::duplex(64 * 1024);
    connect_over(hub, agent, Limits::TUNNEL, handler).await
}

/// Connects both ends over the two ends of any byte stream.
pub(crate) async fn connect_over<A, B, H, Fut>(hub: A, agent: B, limits: Limits, handler: H) -> Ends
where
    A: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
    B: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
    H: Fn(Request<Body>) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = Response<AnyBody>> + Send + 'static,
{
    connect_within(Allowance::unbounded(), (hub, agent), limits, handler).await
}

/// The same, where the hub holds no more than this of what nobody reads.
pub(crate) async fn connect_within<A, B, H, Fut>(
    allowance: Allowance,
    (hub, agent): (A, B),
    limits: Limits,
    handler: H,
) -> Ends
where
    A: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
    B: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
    H: Fn(Request<Body>) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = Response<AnyBody>> + Send + 'static,
{
    let stop_agent = CancellationToken::new();
    let agent = tokio::spawn(tunnel::serve_with(agent, limits, handler, stop_agent.clone()));
    let opened = Tunnel::open_within(hub, limits, allowance).await;
    let (hub, driver) = opened.expect("the tunnel opens");
    Ends { hub, driver: tokio::spawn(driver), agent, stop_agent }
}

/// A wire on which nothing reaches the agent while `true` is set; what was sent meanwhile then
/// arrives all at once.
pub(crate) fn stalling_wire() -> (DuplexStream, DuplexStream, watch::Sender<bool>) {
    let (hub, hub_end) = tokio::io::duplex(1 << 20);
    let (agent_end, agent) = tokio::io::duplex(1 << 20);
    let (stall, mut stalled) = watch::channel(false);
    tokio::spawn(async move {
        let (mut from_hub, mut to_hub) = tokio::io::split(hub_end);
        let (mut from_agent, mut to_agent) = tokio::io::split(agent_end);
        let down = async {
            let mut buffer = vec![0; 1 << 20];
            while let Ok(size @ 1..) = from_hub.read(&mut buffer).await {
                let _ = stalled.wait_for(|stalled| !stalled).await;
                to_agent.write_all(&buffer[..size]).await.unwrap();
            }
        };
        let _ = tokio::join!(down, tokio::io::copy(&mut from_agent, &mut to_hub));
    });
    (hub, agent, stall)
}

pub(crate) fn empty() -> AnyBody {
    Empty::new().map_err(|never: Infallible| match never {}).boxed_unsync()
}

pub(crate) fn full(bytes: impl Into<Bytes>) -> AnyBody {
    Full::new(bytes.into()).map_err(|never: Infallible| match never {}).boxed_unsync()
}

/// A body that is fed frame by frame.
pub(crate) fn fed() -> (Feed, AnyBody) {
    let (feed, body) = Channel::<Bytes, BoxError>::new(1);
    (feed, body.boxed_unsync())
}

/// A body of this many bytes that are made while it is read.
pub(crate) fn made(bytes: usize) -> AnyBody {
    let chunks = futures_util::stream::unfold((0_usize, bytes), |(at, end)| async move {
        let size = (end - at).min(50_000);
        let chunk: Vec<u8> = (at..at + size).map(pattern).collect();
        (size > 0).then(|| (Ok(Frame::data(Bytes::from(chunk))), (at + size, end)))
    });
    http_body_util::StreamBody::new(chunks).boxed_unsync()
}

/// The byte at this place of [`made`].
pub(crate) fn pattern(at: usize) -> u8 {
    u8::try_from((at * 31 + at / 256) % 251).unwrap()
}

pub(crate) fn get(path: &str) -> Request<AnyBody> {
    request(Method::GET, path, empty())
}

pub(crate) fn request(method: Method, path: &str, body: AnyBody) -> Request<AnyBody> {
    let uri = format!("http://agent.internal{path}");
    Request::builder().method(method).uri(uri).body(body).unwrap()
}

/// Somebody new.
pub(crate) fn account() -> AccountId {
    AccountId::new(&SystemClock::new(), &OsRandom)
}

/// A request that opens a WebSocket.
pub(crate) fn websocket(body: AnyBody) -> Request<AnyBody> {
    let mut request = request(Method::CONNECT, "/socket", body);
    request.extensions_mut().insert(Protocol::from_static("websocket"));
    request
}

/// Reads a body to its end.
pub(crate) async fn read(body: Body) -> Result<Bytes, Error> {
    Ok(body.collect().await?.to_bytes())
}

/// Asks for a page and reads it.
pub(crate) async fn page(hub: &Tunnel, path: &str) -> Result<Bytes, Error> {
    read(hub.send(get(path)).await?.into_body()).await
}
