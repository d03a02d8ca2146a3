//! Requests, answers and WebSockets through a tunnel in memory.

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use tunnel::{Body, Protocol};

use crate::ends::{self, AnyBody, connect, fed, full, get, made, page, pattern, read, request};

async fn echo(request: Request<Body>) -> Response<AnyBody> {
    Response::new(request.into_body().map_err(Into::into).boxed_unsync())
}

// covers: RL-1
#[tokio::test]
async fn a_request_and_its_answer_carry_heads_and_bodies() {
    let ends = connect(|request: Request<Body>| async move {
        assert_eq!(request.uri(), "http://agent.internal/upload?x=1");
        assert_eq!(request.headers()["x-colour"], "red");
        let sent = read(request.into_body()).await.unwrap();
        let answer = Response::builder().status(StatusCode::CREATED).header("x-size", sent.len());
        answer.body(full(sent)).unwrap()
    })
    .await;

    let mut request = request(Method::POST, "/upload?x=1", full("hello"));
    request.headers_mut().insert("x-colour", "red".parse().unwrap());
    let answer = ends.hub.send(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
    assert_eq!(answer.headers()["x-size"], "5");
    assert_eq!(read(answer.into_body()).await.unwrap(), "hello");
}

// covers: RL-1
#[tokio::test]
async fn large_bodies_stream_both_ways_at_once() {
    const SIZE: usize = 64 * 1024 * 1024;
    let ends = connect(echo).await;
    let answer = ends.hub.send(request(Method::POST, "/", made(SIZE))).await.unwrap();
    let mut body = answer.into_body();
    let mut at = 0;
    while let Some(frame) = body.frame().await {
        let bytes = frame.unwrap().into_data().unwrap();
        assert!(bytes.iter().enumerate().all(|(index, byte)| *byte == pattern(at + index)));
        at += bytes.len();
    }
    assert_eq!(at, SIZE);
}

// covers: RL-1
#[tokio::test]
async fn a_websocket_is_a_request_whose_bodies_stay_open() {
    let ends = connect(|request: Request<Body>| async move {
        assert_eq!(request.method(), Method::CONNECT);
        assert_eq!(request.extensions().get(), Some(&Protocol::from_static("websocket")));
        echo(request).await
    })
    .await;

    let (mut feed, body) = fed();
    let answer = ends.hub.send(ends::websocket(body)).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let mut body = answer.into_body();
    for word in ["one", "two", "three"] {
        feed.send_data(Bytes::from(word)).await.unwrap();
        let frame = body.frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), word);
    }
    drop(feed);
    assert!(body.frame().await.is_none());
}

// covers: RL-1
#[tokio::test]
async fn a_slow_answer_arrives_piece_by_piece() {
    let (mut feed, body) = fed();
    let body = std::sync::Arc::new(std::sync::Mutex::new(Some(body)));
    let ends = connect(move |_| {
        let body = body.lock().unwrap().take().unwrap();
        async move { Response::new(body) }
    })
    .await;
    let mut body = ends.hub.send(get("/events")).await.unwrap().into_body();
    for event in ["data: 1\n\n", "data: 2\n\n"] {
        feed.send_data(Bytes::from(event)).await.unwrap();
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), event);
    }
}

#[tokio::test]
async fn an_empty_piece_of_a_body_is_not_sent() {
    let (mut feed, body) = fed();
    let ends = connect(echo).await;
    let answer = ends.hub.send(request(Method::POST, "/", body)).await.unwrap();
    for _ in 0..500 {
        feed.send_data(Bytes::new()).await.unwrap();
    }
    feed.send_data(Bytes::from("end")).await.unwrap();
    drop(feed);
    assert_eq!(read(answer.into_body()).await.unwrap(), "end");
    assert_eq!(page(&ends.hub, "/").await.unwrap(), "");
}

#[tokio::test]
async fn an_empty_piece_of_an_answer_is_not_sent() {
    let (mut feed, body) = fed();
    let waiting = std::sync::Arc::new(std::sync::Mutex::new(Some(body)));
    let ends = connect(move |_: Request<Body>| {
        let body = waiting.lock().unwrap().take().unwrap_or_else(|| full(""));
        async move { Response::new(body) }
    })
    .await;
    let answer = ends.hub.send(get("/")).await.unwrap();
    tokio::spawn(async move {
        for _ in 0..500 {
            feed.send_data(Bytes::new()).await.unwrap();
        }
        feed.send_data(Bytes::from("end")).await.unwrap();
    });
    assert_eq!(read(answer.into_body()).await.unwrap(), "end");
    assert_eq!(page(&ends.hub, "/").await.unwrap(), "");
}
