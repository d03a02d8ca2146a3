//! WebSockets, from both kinds of browser connection.

use std::convert::Infallible;

use axum::body::Body;
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http::{Method, Request, Response, StatusCode};
use hub::Hub;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::DuplexStream;
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest},
};

use crate::{
    browser::{Browser, connected},
    workshop::{Workshop, soon},
};

/// A browser's connection to the hub.
fn dial(hub: &Hub) -> DuplexStream {
    dial_with(hub, |_| ())
}

/// The same, of which every request is changed on its way.
pub(crate) fn dial_with(
    hub: &Hub,
    change: impl Fn(&mut Request<Body>) + Clone + Send + 'static,
) -> DuplexStream {
    let hub = hub.clone();
    dial_to(move |mut request| {
        change(&mut request);
        let hub = hub.clone();
        async move { hub.answer(request).await }
    })
}

/// A browser's connection to whatever gives these answers.
pub(crate) fn dial_to<F>(
    answer: impl Fn(Request<Body>) -> F + Clone + Send + 'static,
) -> DuplexStream
where
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let (browser, ours) = tokio::io::duplex(64 * 1024);
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = answer(connected(request).map(Body::new));
        async move { Ok::<_, Infallible>(answer.await) }
    });
    tokio::spawn(async move {
        let mut server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
        server.http2().enable_connect_protocol();
        let _ = server.serve_connection_with_upgrades(TokioIo::new(ours), service).await;
    });
    browser
}

pub(crate) async fn connect(
    workshop: &Workshop,
    browser: &Browser,
    path: &str,
    origin: Option<&str>,
) -> Result<WebSocketStream<DuplexStream>, Error> {
    shake_hands(workshop, browser, path, origin).await.map(|(socket, _)| socket)
}

/// The same, with the answer that opened the socket.
pub(crate) async fn shake_hands(
    workshop: &Workshop,
    browser: &Browser,
    path: &str,
    origin: Option<&str>,
) -> Result<(WebSocketStream<DuplexStream>, Response<Option<Vec<u8>>>), Error> {
    let label = workshop.label().await;
    shake_hands_on(dial(&workshop.hub), &label, browser, path, origin).await
}

/// The same, on a connection that is there.
pub(crate) async fn shake_hands_on(
    connection: DuplexStream,
    label: &str,
    browser: &Browser,
    path: &str,
    origin: Option<&str>,
) -> Result<(WebSocketStream<DuplexStream>, Response<Option<Vec<u8>>>), Error> {
    let host = format!("{label}.localhost:3443");
    let mut request = format!("ws://{host}{path}").into_client_request().unwrap();
    let ours = browser.request(Method::GET, &host, path).body(()).unwrap();
    request.headers_mut().extend(ours.headers().clone());
    if let Some(origin) = origin {
        request.headers_mut().insert("origin", origin.parse().unwrap());
    }
    soon(client_async(request, connection)).await
}

fn status(error: &Error) -> StatusCode {
    match error {
        Error::Http(answer) => answer.status(),
        other => panic!("{other}"),
    }
}

// covers: RL-1, RL-3
#[tokio::test]
async fn a_websocket_over_http_1_says_what_it_hears() {
    let workshop = Workshop::new().await;
    let browser = workshop.ada_at_the_printer().await;
    let origin = format!("https://{}.localhost:3443", workshop.label().await);
    let mut socket =
        connect(&workshop, &browser, "/sockjs/websocket", Some(&origin)).await.unwrap();
    socket.send(Message::text("M105")).await.unwrap();
    // The test's printer sends back the very bytes, masked as a browser's are.
    let seen = workshop.side.only();
    assert_eq!((seen.method, seen.path.as_str()), (Method::CONNECT, "/sockjs/websocket"));
    assert_eq!(seen.headers["origin"], origin.as_str());
    assert!(!seen.headers.contains_key("sec-websocket-extensions"));
    assert!(!seen.headers.contains_key("cookie"));
    let echo = soon(socket.next()).await.unwrap();
    assert!(matches!(echo, Err(Error::Protocol(_))) || echo.unwrap().is_text());
}

// covers: RL-3, SV-3
#[tokio::test]
async fn sibling_page_opens_websocket() {
    let workshop = Workshop::new().await;
    let browser = workshop.ada_at_the_printer().await;
    for origin in [Some("https://abcdefghijklmnop.localhost:3443"), Some("null"), None] {
        let error = connect(&workshop, &browser, "/websocket", origin).await.unwrap_err();
        assert_eq!(status(&error), 403, "{origin:?}");
    }
    assert!(workshop.side.seen().is_empty());
}

// covers: RL-3
#[tokio::test]
async fn stranger_opens_websocket() {
    let workshop = Workshop::new().await;
    let origin = format!("https://{}.localhost:3443", workshop.label().await);
    let stranger = workshop.stranger();
    let error = connect(&workshop, &stranger, "/websocket", Some(&origin)).await.unwrap_err();
    assert_eq!(status(&error), 401);
    assert!(workshop.side.seen().is_empty());
}

#[tokio::test]
async fn a_printers_refusal_of_a_websocket_passes() {
    let workshop = Workshop::new().await;
    let browser = workshop.ada_at_the_printer().await;
    let origin = format!("https://{}.localhost:3443", workshop.label().await);
    let error = connect(&workshop, &browser, "/refuses", Some(&origin)).await.unwrap_err();
    assert_eq!(status(&error), 403);
}

// covers: AC-11
#[tokio::test]
async fn sign_out_closes_an_open_websocket() {
    let workshop = Workshop::new().await;
    let browser = workshop.ada_at_the_printer().await;
    let origin = format!("https://{}.localhost:3443", workshop.label().await);
    let mut socket = connect(&workshop, &browser, "/websocket", Some(&origin)).await.unwrap();
    workshop.hub.backplane().end_session(browser.session.unwrap());
    let end = soon(async { while let Some(Ok(_)) = socket.next().await {} });
    end.await;
}

// covers: RL-1
#[tokio::test]
async fn a_websocket_over_http_2_says_what_it_hears() {
    let workshop = Workshop::new().await;
    let browser = workshop.ada_at_the_printer().await;
    let host = format!("{}.localhost:3443", workshop.label().await);
    let (mut client, connection) = h2::client::handshake(dial(&workshop.hub)).await.unwrap();
    tokio::spawn(connection);
    soon(async {
        while !client.is_extended_connect_protocol_enabled() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let mut request = browser
        .request(Method::CONNECT, &host, "/")
        .uri(format!("https://{host}/websocket"))
        .header("origin", format!("https://{host}"))
        .header("sec-websocket-version", "13")
        .extension(h2::ext::Protocol::from_static("websocket"))
        .body(())
        .unwrap();
    request.headers_mut().remove("host");
    let (answer, mut stream) = client.send_request(request, false).unwrap();
    let answer = soon(answer).await.unwrap();
    assert_eq!(answer.status(), 200);
    stream.send_data(Bytes::from_static(b"frame"), false).unwrap();
    let mut body = answer.into_body();
    assert_eq!(soon(body.data()).await.unwrap().unwrap(), "frame");
}
