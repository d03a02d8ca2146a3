//! One's own sessions.

use std::time::Duration;

use credentials::TokenDigest;
use printer::{Clock, OsRandom, SessionId};
use store::NewSession;

use crate::house::{ADA, BEN, House};

// covers: AC-3
#[tokio::test]
async fn sessions_are_listed() {
    let house = House::new().await;
    let browser = house.signed_in(ADA).await;
    insta::assert_snapshot!(browser.get("/api/v1/sessions").await, @r#"
    200
    [
      {
        "address": "127.0.0.1",
        "created": "2026-11-22T10:00:00Z",
        "current": true,
        "device": "Firefox/140",
        "id": "[id]",
        "last_seen": "2026-11-22T10:00:00Z"
      }
    ]
    "#);
}

// covers: AC-3, AC-11
#[tokio::test]
async fn one_session_or_all_others_can_be_ended() {
    let house = House::new().await;
    let (here, there, elsewhere) =
        (house.signed_in(ADA).await, house.signed_in(ADA).await, house.signed_in(ADA).await);
    let listed = there.get("/api/v1/sessions").await.json();
    let current = listed.as_array().unwrap().iter().find(|one| one["current"] == true).unwrap();
    let path = format!("/api/v1/sessions/{}", current["id"].as_str().unwrap());
    assert_eq!(here.delete(&path).await.status, 204);
    assert_eq!(there.get("/api/v1/session").await.status, 401);
    assert_eq!(here.delete(&path).await.status, 404);
    assert_eq!(elsewhere.get("/api/v1/session").await.status, 200);
    assert_eq!(here.delete("/api/v1/sessions").await.status, 204);
    assert_eq!(elsewhere.get("/api/v1/session").await.status, 401);
    assert_eq!(here.get("/api/v1/session").await.status, 200);
}

// covers: PM-4
#[tokio::test]
async fn nobody_ends_another_persons_session() {
    let house = House::new().await;
    house.add(BEN).await;
    let (ada, ben) = (house.signed_in(ADA).await, house.signed_in(BEN).await);
    let listed = ada.get("/api/v1/sessions").await.json();
    let path = format!("/api/v1/sessions/{}", listed[0]["id"].as_str().unwrap());
    assert_eq!(ben.delete(&path).await.status, 404);
    assert_eq!(ben.delete("/api/v1/sessions").await.status, 204);
    assert_eq!(ada.get("/api/v1/session").await.status, 200);
}

// covers: SV-5
#[tokio::test]
async fn one_account_cannot_have_sessions_without_end() {
    let house = House::new().await;
    let first = house.signed_in(ADA).await;
    let second = house.signed_in(ADA).await;
    house.clock.pass(Duration::from_mins(2));
    assert_eq!(first.get("/api/v1/session").await.status, 200);
    for n in 0..48 {
        let now = house.clock.now();
        let session = NewSession {
            id: SessionId::new(house.clock.as_ref(), &OsRandom),
            account: house.account(ADA).await.id,
            token: TokenDigest::from_bytes([n; 32]),
            device: String::new(),
            address: first.address,
            expires: now.plus(Duration::from_hours(1)),
        };
        house.hub.store().create_session(&session, now).await.unwrap();
    }
    house.signed_in(ADA).await;
    assert_eq!(first.get("/api/v1/sessions").await.json().as_array().unwrap().len(), 50);
    assert_eq!(second.get("/api/v1/session").await.status, 401);
}
