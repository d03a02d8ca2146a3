//! What passes between a visitor and a printer.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::Method;
use http_body_util::BodyExt;
use printer::Level;

use crate::workshop::{SESSION, Workshop, soon, until};

// covers: RL-1
#[tokio::test]
async fn an_upload_reaches_the_printer_whole() {
    let workshop = Workshop::new().await;
    let mut browser = workshop.ada_at_the_printer().await;
    let host = format!("{}.localhost:3443", workshop.label().await);
    let file = Bytes::from(vec![b'G'; 3 * 1024 * 1024]);
    let pieces: Vec<_> = file
        .chunks(64 * 1024)
        .map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece)))
        .collect();
    let body = Body::from_stream(futures_util::stream::iter(pieces));
    let request = browser.own(Method::POST, &host, "/api/files/local");
    assert_eq!(browser.send(request, body).await.status, 200);
    let seen = workshop.side.only();
    assert_eq!((seen.method, seen.body.len()), (Method::POST, file.len()));
}

// covers: RL-4
#[tokio::test]
async fn the_printers_own_login_passes() {
    let workshop = Workshop::new().await;
    let mut browser = workshop.ada_at_the_printer().await;
    let host = format!("{}.localhost:3443", workshop.label().await);
    let request =
        browser.own(Method::POST, &host, "/api/login").header("authorization", "Basic dTpw");
    browser.send(request, "{\"user\":\"u\"}").await;
    let seen = workshop.side.only();
    assert_eq!(seen.headers["authorization"], "Basic dTpw");
    assert_eq!(seen.body, "{\"user\":\"u\"}");
}

// covers: RL-1
#[tokio::test]
async fn an_endless_answer_arrives_as_it_comes_and_a_visitor_who_leaves_ends_it() {
    let workshop = Workshop::new().await;
    let mut browser = workshop.ada_at_the_printer().await;
    let host = format!("{}.localhost:3443", workshop.label().await);
    let request = browser.own(Method::GET, &host, "/stream").body(Body::empty()).unwrap();
    let mut answer = browser.open(request).await;
    let first = soon(answer.body_mut().frame()).await.unwrap().unwrap();
    assert_eq!(first.into_data().unwrap(), "first");

    let request = browser.own(Method::GET, &host, "/never").body(Body::empty()).unwrap();
    let asking = tokio::spawn(async move { browser.open(request).await });
    until(async || !workshop.side.seen().iter().all(|seen| seen.path != "/never")).await;
    asking.abort();
    soon(workshop.side.cancelled()).await;
}

/// The rest of an answer, which must end in an error: it was cut off, not finished.
async fn is_cut_off(mut body: Body) -> bool {
    soon(async {
        loop {
            match body.frame().await {
                Some(Ok(_)) => {}
                Some(Err(_)) => return true,
                None => return false,
            }
        }
    })
    .await
}

// covers: AC-11, RL-3
#[tokio::test]
async fn sign_out_ends_an_open_stream() {
    let workshop = Workshop::new().await;
    let mut browser = workshop.ada_at_the_printer().await;
    let host = format!("{}.localhost:3443", workshop.label().await);
    let request = browser.own(Method::GET, &host, "/stream").body(Body::empty()).unwrap();
    let answer = browser.open(request).await;
    let session = browser.session.unwrap();
    workshop.hub.store().end_session(workshop.ada.id, session).await.unwrap();
    workshop.hub.backplane().end_session(session);
    assert!(is_cut_off(answer.into_body()).await);
}

// covers: AC-11
#[tokio::test]
async fn sign_out_ends_a_request_that_the_printer_has_not_answered() {
    let workshop = Workshop::new().await;
    let mut browser = workshop.ada_at_the_printer().await;
    let session = browser.session.unwrap();
    let host = format!("{}.localhost:3443", workshop.label().await);
    let request = browser.own(Method::GET, &host, "/never").body(Body::empty()).unwrap();
    let asking = tokio::spawn(async move { browser.open(request).await.status() });
    until(async || !workshop.side.seen().is_empty()).await;
    workshop.hub.backplane().end_session(session);
    assert_eq!(soon(asking).await.unwrap(), 401);
    soon(workshop.side.cancelled()).await;
}

// covers: AC-11, PM-2
#[tokio::test]
async fn a_grant_that_is_taken_away_ends_an_open_stream_and_one_that_is_added_does_not() {
    let workshop = Workshop::new().await;
    let ben = workshop.other("ben@example.org", None).await;
    let grant = workshop.grant(ben.id, Level::Controls).await;
    let label = workshop.label().await;
    let host = format!("{label}.localhost:3443");
    let mut browser = workshop.signed_in(&ben).await;
    assert_eq!(browser.enter(&label, "/").await.status, 200);
    let request = browser.own(Method::GET, &host, "/stream").body(Body::empty()).unwrap();
    let mut answer = browser.open(request).await;
    soon(answer.body_mut().frame()).await.unwrap().unwrap();

    let more = workshop.grant(ben.id, Level::Admin).await;
    workshop.hub.backplane().publish(backplane::Event::GrantsChanged(ben.id));
    let still = tokio::time::timeout(Duration::from_millis(100), answer.body_mut().frame()).await;
    assert!(still.is_err());

    for grant in [grant, more] {
        workshop.hub.store().remove_grant(grant).await.unwrap();
    }
    workshop.hub.backplane().publish(backplane::Event::GrantsChanged(ben.id));
    assert!(is_cut_off(answer.into_body()).await);
    assert_eq!(browser.go(&host, "/").await.status, 404);
}

// covers: AC-3
#[tokio::test]
async fn an_open_stream_ends_with_the_sessions_last_second() {
    let workshop = Workshop::new().await;
    let mut browser = workshop.ada_at_the_printer().await;
    let host = format!("{}.localhost:3443", workshop.label().await);
    workshop.clock.pass(SESSION.saturating_sub(Duration::from_secs(2)));
    let request = browser.own(Method::GET, &host, "/stream").body(Body::empty()).unwrap();
    let answer = browser.open(request).await;
    assert_eq!(answer.status(), 200);
    assert!(is_cut_off(answer.into_body()).await);
}
