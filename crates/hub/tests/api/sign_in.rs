//! Signing in and out.

use std::{net::IpAddr, time::Duration};

use http::{Method, header};
use serde_json::json;

use crate::house::{ADA, House, PASSWORD};

const DAY: Duration = Duration::from_hours(24);

// covers: AC-2
#[tokio::test]
async fn the_right_password_signs_in() {
    let house = House::new().await;
    let mut browser = house.stranger();
    insta::assert_snapshot!(browser.get("/api/v1/session").await, @r#"
    401
    {
      "code": "signed-out",
      "detail": "Sign in first.",
      "request_id": "",
      "status": 401,
      "title": "Unauthorized",
      "type": "about:blank"
    }
    "#);
    insta::assert_snapshot!(browser.sign_in("Ada@Example.org", PASSWORD).await, @r#"
    200
    {
      "administrator": true,
      "email": "ada@example.org",
      "id": "[id]",
      "name": null
    }
    "#);
    assert_eq!(browser.get("/api/v1/session").await.status, 200);
}

// covers: AC-3
#[tokio::test]
async fn the_session_cookie_is_for_this_host_and_no_script() {
    let house = House::new().await;
    let answer = house.stranger().sign_in(ADA, PASSWORD).await;
    let line = answer.headers[header::SET_COOKIE].to_str().unwrap();
    let value = answer.session_cookie().unwrap();
    assert_eq!(value.len(), 342, "256 bytes in base64url");
    insta::assert_snapshot!(line.replace(&value, "[token]"), @"__Host-layerlock=[token]; Path=/; Max-Age=2592000; HttpOnly; Secure; SameSite=Lax");
}

// covers: AC-2
#[tokio::test]
async fn a_stranger_learns_nothing_about_who_has_an_account() {
    let house = House::new().await;
    let before = house.hub.passwords_hashed();
    let known = house.stranger().sign_in(ADA, "not the password").await;
    let between = house.hub.passwords_hashed();
    let unknown = house.stranger().sign_in("nobody@example.org", "not the password").await;
    let after = house.hub.passwords_hashed();
    assert_eq!((between - before, after - between), (1, 1), "the same work for both");
    assert_eq!(known.to_string(), unknown.to_string());
    insta::assert_snapshot!(known, @r#"
    401
    {
      "code": "wrong-credentials",
      "detail": "The email address or the password is wrong.",
      "request_id": "",
      "status": 401,
      "title": "Unauthorized",
      "type": "about:blank"
    }
    "#);
}

// covers: SV-5
#[tokio::test]
async fn a_password_guesser_has_to_wait() {
    let house = House::new().await;
    for _ in 0..5 {
        assert_eq!(house.stranger().sign_in(ADA, "a guess").await.status, 401);
    }
    let limited = house.stranger().sign_in(ADA, PASSWORD).await;
    assert_eq!(limited.headers[header::RETRY_AFTER], "900");
    insta::assert_snapshot!(limited, @r#"
    429
    {
      "code": "too-many-attempts",
      "detail": "Too many failed attempts. Try again in 15 min.",
      "request_id": "",
      "status": 429,
      "title": "Too Many Requests",
      "type": "about:blank"
    }
    "#);
    let mut elsewhere = house.stranger();
    elsewhere.address = IpAddr::from([192, 168, 1, 20]);
    assert_eq!(elsewhere.sign_in(ADA, PASSWORD).await.status, 200);
    house.clock.pass(Duration::from_mins(15));
    assert_eq!(house.stranger().sign_in(ADA, PASSWORD).await.status, 200);
}

// covers: SV-5
#[tokio::test]
async fn the_limit_costs_no_hashing() {
    let house = House::new().await;
    for _ in 0..5 {
        house.stranger().sign_in(ADA, "a guess").await;
    }
    let before = house.hub.passwords_hashed();
    assert_eq!(house.stranger().sign_in(ADA, "a guess").await.status, 429);
    assert_eq!(house.hub.passwords_hashed(), before);
}

// covers: SV-5
#[tokio::test]
async fn strangers_from_everywhere_do_not_keep_the_owner_out() {
    let house = House::new().await;
    let owner = house.signed_in(ADA).await;
    let flood = (0..160).map(|n| {
        let mut stranger = house.stranger();
        stranger.address = IpAddr::from([203, n, 113, 1]);
        async move {
            while stranger.sign_in(ADA, "a guess").await.status != 429 {
                tokio::task::yield_now().await;
            }
        }
    });
    let flood = futures_util::future::join_all(flood);
    let sign_in_again = async {
        for _ in 0..3 {
            assert_eq!(owner.clone().sign_in(ADA, PASSWORD).await.status, 200);
        }
    };
    tokio::select! {
        biased;
        _ = flood => panic!("the flood ended first"),
        () = sign_in_again => {}
    }
}

// covers: AC-3
#[tokio::test]
async fn a_planted_session_cookie_is_never_adopted() {
    let house = House::new().await;
    let planted = "A".repeat(342);
    let mut victim = house.stranger();
    victim.cookie = Some(planted.clone());
    victim.sign_in(ADA, PASSWORD).await;
    assert_ne!(victim.cookie.as_deref(), Some(planted.as_str()));
    let mut attacker = house.stranger();
    attacker.cookie = Some(planted);
    assert_eq!(attacker.get("/api/v1/session").await.code(), "signed-out");
}

// covers: AC-3
#[tokio::test]
async fn signing_in_again_makes_a_new_token_and_ends_the_old_one() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let old = browser.clone();
    browser.sign_in(ADA, PASSWORD).await;
    assert_ne!(browser.cookie, old.cookie);
    assert_eq!(old.get("/api/v1/session").await.status, 401);
    assert_eq!(browser.get("/api/v1/session").await.status, 200);
}

// covers: AC-3
#[tokio::test]
async fn a_cookie_of_foreign_letters_signs_nobody_out() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    let own = browser.cookie.take().unwrap();
    let line = [b"name=J\xfcrgen; __Host-layerlock=", own.as_bytes(), b"; other=\xff"].concat();
    let line = http::HeaderValue::from_bytes(&line).unwrap();
    let request = browser.request(Method::GET, "/api/v1/session").header(header::COOKIE, line);
    let answer = browser.send(request.body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn two_session_cookies_are_none() {
    let house = House::new().await;
    let browser = house.signed_in(ADA).await;
    let planted = format!("__Host-layerlock={}", "A".repeat(342));
    let request = browser.request(Method::GET, "/api/v1/session").header(header::COOKIE, planted);
    let answer = browser.send(request.body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!(answer.status, 401);
}

// covers: AC-3
#[tokio::test]
async fn an_unused_session_ends_after_a_week() {
    let house = House::new().await;
    let browser = house.signed_in(ADA).await;
    house.clock.pass(6 * DAY);
    assert_eq!(browser.get("/api/v1/session").await.status, 200);
    house.clock.pass(6 * DAY);
    assert_eq!(browser.get("/api/v1/session").await.status, 200);
    house.clock.pass(7 * DAY);
    assert_eq!(browser.get("/api/v1/session").await.status, 401);
}

// covers: AC-3
#[tokio::test]
async fn a_used_session_ends_after_a_month() {
    let house = House::new().await;
    let browser = house.signed_in(ADA).await;
    for _ in 0..5 {
        house.clock.pass(5 * DAY);
        assert_eq!(browser.get("/api/v1/session").await.status, 200);
    }
    house.clock.pass(5 * DAY);
    assert_eq!(browser.get("/api/v1/session").await.status, 401);
}

#[tokio::test]
async fn signing_out_ends_the_session_and_forgets_the_cookie() {
    let house = House::new().await;
    let browser = house.signed_in(ADA).await;
    let answer = browser.delete("/api/v1/session").await;
    assert_eq!(answer.status, 204);
    assert!(answer.headers[header::SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(browser.get("/api/v1/session").await.status, 401);
}

#[tokio::test]
async fn somebody_who_is_disabled_is_nobody() {
    let house = House::new().await;
    let browser = house.signed_in(ADA).await;
    house.hub.store().set_disabled(house.account(ADA).await.id, true).await.unwrap();
    assert_eq!(browser.get("/api/v1/session").await.status, 401);
    let again = house.stranger().sign_in(ADA, PASSWORD).await;
    assert_eq!(again.code(), "wrong-credentials");
}

// covers: AC-2
#[tokio::test]
async fn a_huge_password_is_not_hashed() {
    let house = House::new().await;
    let before = house.hub.passwords_hashed();
    let body = json!({ "email": ADA, "password": "x".repeat(1025) });
    assert_eq!(house.stranger().post("/api/v1/session", body).await.code(), "invalid-body");
    assert_eq!(house.hub.passwords_hashed(), before);
}
