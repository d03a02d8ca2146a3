//! WebSockets to a printer, as they come out of the tunnel.

use futures_util::{SinkExt, StreamExt};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};
use tungstenite::{
    Message,
    handshake::server::{Request as Asked, Response as Answered},
    protocol::Role,
};

use super::*;
use crate::{BoxError, channel, websocket};

fn opening(body: Body) -> Request<Body> {
    let mut request = request("CONNECT", "/sockjs/websocket", body);
    let fields = request.headers_mut();
    fields.insert("origin", "https://abc.localhost".parse().unwrap());
    fields.insert("sec-websocket-protocol", "mqtt".parse().unwrap());
    fields.insert("sec-websocket-extensions", "permessage-deflate".parse().unwrap());
    request.extensions_mut().insert(h2::ext::Protocol::from_static("websocket"));
    request
}

#[expect(clippy::result_large_err, clippy::unnecessary_wraps, reason = "tungstenite's signature")]
fn greet(
    asked: &Asked,
    mut answered: Answered,
) -> Result<Answered, http::Response<Option<String>>> {
    assert_eq!(asked.headers()["host"], "abc.localhost");
    assert_eq!(asked.headers()["origin"], "https://abc.localhost");
    assert!(!asked.headers().contains_key("sec-websocket-extensions"));
    answered.headers_mut().insert("sec-websocket-protocol", "mqtt".parse().unwrap());
    Ok(answered)
}

async fn echo(stream: TcpStream) {
    let mut socket = accept_hdr_async(stream, greet).await.unwrap();
    while let Some(Ok(message)) = socket.next().await {
        if message.is_text() || message.is_binary() {
            socket.send(message).await.unwrap();
        }
    }
}

/// A browser's end of an open socket, as the hub would join it.
fn browser(
    from_printer: Body,
    to_printer: crate::BodySender,
) -> (tokio::io::DuplexStream, tokio::task::JoinHandle<Result<(), BoxError>>) {
    let (browser, ours) = tokio::io::duplex(64 * 1024);
    let spliced = websocket::splice(TokioIo::new(ours), from_printer, to_printer);
    (browser, tokio::spawn(spliced))
}

// covers: RL-1
#[tokio::test]
async fn messages_are_echoed_and_closing_reaches_both_ends() {
    let origin = Origin::new(server(echo).await);
    let (to_printer, body) = channel();
    let opened = send(&origin, opening(body)).await.unwrap();
    assert_eq!(opened.status(), 200);
    assert_eq!(opened.headers()["sec-websocket-protocol"], "mqtt");
    assert!(!opened.headers().contains_key("sec-websocket-accept"));
    let (stream, spliced) = browser(opened.into_body(), to_printer);
    let mut socket = WebSocketStream::from_raw_socket(stream, Role::Client, None).await;
    for size in [1, 100, 300_000] {
        socket.send(Message::binary(vec![7; size])).await.unwrap();
        let questions = timeout(DEADLINE, socket.next()).await.unwrap().unwrap().unwrap();
        assert_eq!(questions, Message::binary(vec![7; size]));
    }
    socket.close(None).await.unwrap();
    assert!(matches!(timeout(DEADLINE, socket.next()).await.unwrap(), Some(Ok(Message::Close(_)))));
    drop(socket);
    timeout(DEADLINE, spliced).await.expect("the socket stays open").unwrap().unwrap();
}

// covers: RL-1
#[tokio::test]
async fn a_refusal_is_passed_on_with_its_words() {
    let (address, mut questions) =
        canned("HTTP/1.1 403 Forbidden\r\ncontent-length: 12\r\n\r\nwrong origin").await;
    let answer = send(&Origin::new(address), opening(channel().1)).await.unwrap();
    assert_eq!(answer.status(), 403);
    assert_eq!(text(answer.into_body()).await.unwrap(), "wrong origin");
    let head = questions.recv().await.unwrap().to_ascii_lowercase();
    assert!(head.starts_with("get /sockjs/websocket http/1.1\r\n"), "{head}");
    assert!(head.contains("upgrade: websocket\r\n"), "{head}");
}

#[tokio::test]
async fn answers_that_open_no_websocket_are_errors() {
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n",
        "HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
        "HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
    ] {
        let (address, _questions) = canned(answer).await;
        let failed = send(&Origin::new(address), opening(channel().1)).await;
        assert!(matches!(failed, Err(Error::Handshake(_))), "{answer}");
    }
}

// covers: RL-7
#[tokio::test]
async fn a_hub_that_cancels_closes_the_printers_socket() {
    let (left, mut has_left) = tokio::sync::mpsc::unbounded_channel();
    let address = server(move |stream| {
        let left = left.clone();
        async move {
            echo(stream).await;
            left.send(()).unwrap();
        }
    })
    .await;
    let origin = Origin::new(address);
    let (to_printer, body) = channel();
    let opened = send(&origin, opening(body)).await.unwrap();
    drop(opened);
    timeout(DEADLINE, has_left.recv()).await.expect("the answer's end closes nothing").unwrap();
    drop(to_printer);
    let (to_printer, body) = channel();
    let _opened = send(&origin, opening(body)).await.unwrap();
    drop(to_printer);
    timeout(DEADLINE, has_left.recv()).await.expect("the request's end closes nothing").unwrap();
}
