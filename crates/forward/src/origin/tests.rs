//! Against small servers on this machine that do exactly what a test needs, and no more.

mod failures;
mod streaming;
mod websockets;

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use super::*;

/// Longer than anything here takes on a slow machine.
const DEADLINE: Duration = Duration::from_secs(20);

/// A server that handles each connection with `serve`, for as long as the test runs.
async fn server<F, Fut>(serve: F) -> SocketAddr
where
    F: Fn(TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    address
}

/// Reads up to the empty line.
async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

/// A server that answers every request with fixed bytes and tells what it was asked.
async fn canned(
    answer: &'static str,
) -> (SocketAddr, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let (asked, questions) = tokio::sync::mpsc::unbounded_channel();
    let address = server(move |mut stream| {
        let asked = asked.clone();
        async move {
            loop {
                let head = read_head(&mut stream).await;
                if head.is_empty() || asked.send(head).is_err() {
                    return;
                }
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        }
    })
    .await;
    (address, questions)
}

fn request(method: &str, target: &str, body: Body) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(target)
        .header("host", "abc.localhost")
        .body(body)
        .unwrap()
}

async fn send(origin: &Origin, request: Request<Body>) -> Result<Response<Body>, Error> {
    timeout(DEADLINE, origin.send(request)).await.expect("no answer within the deadline")
}

async fn text(body: Body) -> Result<String, crate::BoxError> {
    let bytes = timeout(DEADLINE, body.collect()).await.expect("the body has no end")?.to_bytes();
    Ok(String::from_utf8(bytes.into()).unwrap())
}

async fn next(body: &mut Body) -> Option<Bytes> {
    let frame = timeout(DEADLINE, body.frame()).await.expect("nothing more comes");
    frame.map(|frame| frame.unwrap().into_data().unwrap())
}
