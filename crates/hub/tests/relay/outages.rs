//! The connection to the agent breaks off under a request. The visitor is told so, and no request
//! is sent a second time.

use axum::body::Body;
use http::{Method, StatusCode};
use http_body_util::{BodyExt as _, Channel};

use crate::{
    browser::Answer,
    workshop::{Workshop, soon, until},
};

async fn not_online(workshop: &Workshop) {
    let presence = workshop.hub.backplane().presence();
    until(async || !presence.of(workshop.agent.id).online).await;
}

// covers: RL-7, HZ-6
#[tokio::test]
async fn a_request_whose_link_breaks_gets_an_honest_error_and_is_not_sent_again() {
    let workshop = Workshop::new().await;
    let host = format!("{}.localhost:3443", workshop.label().await);
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::GET] {
        let mut browser = workshop.ada_at_the_printer().await;
        let request = browser.own(method.clone(), &host, "/never").body(Body::empty()).unwrap();
        let asking = tokio::spawn(async move { browser.open(request).await });
        until(async || workshop.side.seen().len() == 1).await;
        workshop.cable.cut();
        let answer = Answer::read(soon(asking).await.unwrap()).await;
        assert_eq!(answer.status, StatusCode::BAD_GATEWAY, "{method}");
        assert_eq!(answer.code(), "agent-lost", "{method}");
        assert!(answer.body.contains("not sent again"), "{}", answer.body);
        not_online(&workshop).await;
        workshop.connect().await;
        let mut browser = workshop.signed_in(&workshop.ada).await;
        assert_eq!(browser.enter(&workshop.label().await, "/").await.status, 200);
        let again = workshop.side.seen().iter().filter(|seen| seen.path == "/never").count();
        assert_eq!(again, 1, "{method} reached the printer again");
    }
}

// covers: RL-7
#[tokio::test]
async fn an_upload_whose_link_breaks_half_way_gets_an_honest_error() {
    let workshop = Workshop::new().await;
    let host = format!("{}.localhost:3443", workshop.label().await);
    let mut browser = workshop.ada_at_the_printer().await;
    let (mut feed, body) = Channel::<bytes::Bytes, std::io::Error>::new(1);
    let request = browser.own(Method::POST, &host, "/upload");
    let request = request.header("content-length", 1_000_000).body(Body::new(body)).unwrap();
    let asking = tokio::spawn(async move { browser.open(request).await });
    feed.send_data(vec![0; 500_000].into()).await.unwrap();
    until(async || workshop.cable.carried(testkit::cable::Direction::Down) > 250_000).await;
    workshop.cable.cut();
    let answer = Answer::read(soon(asking).await.unwrap()).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::BAD_GATEWAY, "agent-lost"));
}

// covers: RL-7
#[tokio::test]
async fn half_an_answer_whose_link_breaks_is_not_taken_for_a_whole_one() {
    let workshop = Workshop::new().await;
    let host = format!("{}.localhost:3443", workshop.label().await);
    let mut browser = workshop.ada_at_the_printer().await;
    let request = browser.own(Method::GET, &host, "/stream").body(Body::empty()).unwrap();
    let mut answer = soon(browser.open(request)).await;
    assert!(soon(answer.frame()).await.unwrap().is_ok());
    workshop.cable.cut();
    assert!(soon(answer.frame()).await.unwrap().is_err());
}
