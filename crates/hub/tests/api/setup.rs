//! The first account.

use std::{net::IpAddr, time::Duration};

use http::header;
use hub::config::Origins;
use serde_json::json;

use crate::house::{ADA, Answer, Browser, House, PASSWORD};

async fn token(house: &House) -> String {
    let link = house
        .hub
        .admin()
        .setup_link("0.0.0.0:3443".parse().unwrap(), &Origins::default())
        .await
        .unwrap()
        .unwrap();
    let (page, token) = link.urls[0].split_once('#').unwrap();
    assert!(page.starts_with("https://") && page.ends_with(":3443/setup"), "{page}");
    token.to_owned()
}

async fn set_up(browser: &Browser<'_>, token: &str) -> Answer {
    let body = json!({ "token": token, "email": ADA, "name": "Ada", "password": PASSWORD });
    browser.post("/api/v1/setup", body).await
}

// covers: AC-1, AC-12
#[tokio::test]
async fn the_first_account_is_made_with_the_setup_link() {
    let house = House::empty().await;
    let mut browser = house.stranger();
    insta::assert_snapshot!(browser.get("/api/v1/hub").await, @r#"
    200
    {
      "setup_needed": true
    }
    "#);
    let answer = set_up(&browser, &token(&house).await).await;
    insta::assert_snapshot!(answer, @r#"
    201
    {
      "administrator": true,
      "email": "ada@example.org",
      "id": "[id]",
      "name": "Ada"
    }
    "#);
    browser.cookie = answer.session_cookie();
    assert_eq!(browser.get("/api/v1/session").await.json()["email"], ADA);
    assert_eq!(browser.get("/api/v1/hub").await.json()["setup_needed"], false);
    assert!(
        house
            .hub
            .admin()
            .setup_link("0.0.0.0:3443".parse().unwrap(), &Origins::default())
            .await
            .unwrap()
            .is_none()
    );
}

// covers: AC-12
#[tokio::test]
async fn a_setup_token_used_twice_opens_nothing() {
    let house = House::empty().await;
    let token = token(&house).await;
    assert_eq!(set_up(&house.stranger(), &token).await.status, 201);
    insta::assert_snapshot!(set_up(&house.stranger(), &token).await, @r#"
    409
    {
      "code": "setup-closed",
      "detail": "This hub is set up already. Sign in instead.",
      "request_id": "",
      "status": 409,
      "title": "Conflict",
      "type": "about:blank"
    }
    "#);
    assert_eq!(house.hub.admin().users().await.unwrap().len(), 1);
}

// covers: AC-12
#[tokio::test]
async fn a_guessed_or_expired_setup_token_opens_nothing() {
    let house = House::empty().await;
    let token = token(&house).await;
    let guess = "A".repeat(token.len());
    assert_eq!(set_up(&house.stranger(), &guess).await.code(), "setup-token");
    assert_eq!(set_up(&house.stranger(), "short").await.code(), "setup-token");
    house.clock.pass(Duration::from_mins(30));
    assert_eq!(set_up(&house.stranger(), &token).await.code(), "setup-token");
}

// covers: AC-12, SV-5
#[tokio::test]
async fn stranger_guesses_setup_tokens() {
    let house = House::empty().await;
    let token = token(&house).await;
    let before = house.hub.passwords_hashed();
    for _ in 0..10 {
        let guess = "A".repeat(token.len());
        assert_eq!(set_up(&house.stranger(), &guess).await.code(), "setup-token");
    }
    assert_eq!(set_up(&house.stranger(), &token).await.code(), "too-many-attempts");
    assert_eq!(house.hub.passwords_hashed(), before, "no password was hashed for a guess");
    house.clock.pass(Duration::from_mins(15));
    assert_eq!(set_up(&house.stranger(), &token).await.status, 201);
}

// covers: AC-12
#[tokio::test]
async fn setup_through_a_proxy_that_nobody_listed_is_refused() {
    let house = House::empty().await;
    let token = token(&house).await;
    let mut browser = house.stranger();
    browser.forwarded_for = Some("203.0.113.9");
    assert_eq!(set_up(&browser, &token).await.code(), "setup-not-private");
}

// covers: AC-12
#[tokio::test]
async fn a_reprinted_setup_link_ends_the_earlier_one() {
    let house = House::empty().await;
    let (first, second) = (token(&house).await, token(&house).await);
    assert_eq!(set_up(&house.stranger(), &first).await.code(), "setup-token");
    assert_eq!(set_up(&house.stranger(), &second).await.status, 201);
}

// covers: AC-12
#[tokio::test]
async fn setup_from_a_public_address_is_refused() {
    let house = House::empty().await;
    let token = token(&house).await;
    let mut browser = house.stranger();
    browser.address = IpAddr::from([203, 0, 113, 7]);
    insta::assert_snapshot!(set_up(&browser, &token).await, @r#"
    403
    {
      "code": "setup-not-private",
      "detail": "Setting up works from this hub's own network only. On a rented server, run `layerlock user add` there.",
      "request_id": "",
      "status": 403,
      "title": "Forbidden",
      "type": "about:blank"
    }
    "#);
    browser.address = IpAddr::from([192, 168, 1, 20]);
    assert_eq!(set_up(&browser, &token).await.status, 201);
}

// covers: AC-2
#[tokio::test]
async fn a_weak_password_is_explained_and_costs_no_token() {
    let house = House::empty().await;
    let token = token(&house).await;
    let body = json!({ "token": token, "email": ADA, "password": "short" });
    let answer = house.stranger().post("/api/v1/setup", body).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (422, "weak-password".to_owned()));
    assert!(answer.json()["detail"].as_str().unwrap().len() > 20, "{answer}");
    assert_eq!(set_up(&house.stranger(), &token).await.status, 201);
}

#[tokio::test]
async fn a_wrong_email_address_is_named() {
    let house = House::empty().await;
    let body = json!({ "token": token(&house).await, "email": "ada", "password": PASSWORD });
    assert_eq!(house.stranger().post("/api/v1/setup", body).await.code(), "invalid-email");
}

// covers: SV-9
#[tokio::test]
async fn a_broken_body_is_not_quoted() {
    let house = House::empty().await;
    let body = json!({ "token": 7, "email": ADA, "password": PASSWORD, "name": ["hunter2"] });
    let answer = house.stranger().post("/api/v1/setup", body).await;
    insta::assert_snapshot!(answer, @r#"
    422
    {
      "code": "invalid-body",
      "detail": "The body isn't of the expected form.",
      "request_id": "",
      "status": 422,
      "title": "Unprocessable Entity",
      "type": "about:blank"
    }
    "#);
}

#[tokio::test]
async fn only_json_of_a_bounded_size_is_read() {
    let house = House::empty().await;
    let browser = house.stranger();
    let body = json!({ "token": "a".repeat(65 * 1024), "email": ADA, "password": PASSWORD });
    let answer = browser.post("/api/v1/setup", body.clone()).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (413, "too-large".to_owned()));
    let mut form = browser.with_json(http::Method::POST, "/api/v1/setup", &body);
    form.headers_mut().insert(header::CONTENT_TYPE, "text/plain".parse().unwrap());
    assert_eq!(browser.send(form).await.status, 415);
}
