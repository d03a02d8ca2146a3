//! Changing one's password.

use serde_json::json;

use crate::house::{ADA, House, PASSWORD};

const NEW: &str = "seven-blue-spools-of-petg";

// covers: AC-2, AC-11
#[tokio::test]
async fn a_changed_password_ends_every_other_session() {
    let house = House::new().await;
    let (here, there) = (house.signed_in(ADA).await, house.signed_in(ADA).await);
    let change = json!({ "current": PASSWORD, "new": NEW });
    assert_eq!(here.put("/api/v1/account/password", change).await.status, 204);
    assert_eq!(here.get("/api/v1/session").await.status, 200);
    assert_eq!(there.get("/api/v1/session").await.status, 401);
    assert_eq!(house.stranger().sign_in(ADA, PASSWORD).await.status, 401);
    assert_eq!(house.stranger().sign_in(ADA, NEW).await.status, 200);
}

#[tokio::test]
async fn a_session_without_the_password_cannot_change_it() {
    let house = House::new().await;
    let browser = house.signed_in(ADA).await;
    let change = json!({ "current": "a guess", "new": NEW });
    for _ in 0..5 {
        let answer = browser.put("/api/v1/account/password", change.clone()).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (401, "wrong-credentials".to_owned()));
    }
    assert_eq!(browser.put("/api/v1/account/password", change).await.status, 429);
}

// covers: AC-2
#[tokio::test]
async fn a_weak_new_password_changes_nothing() {
    let house = House::new().await;
    let browser = house.signed_in(ADA).await;
    for weak in ["password123", "ada@example.org", "aaaaaaaaaaaa"] {
        let change = json!({ "current": PASSWORD, "new": weak });
        let answer = browser.put("/api/v1/account/password", change).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (422, "weak-password".to_owned()));
    }
    assert_eq!(house.stranger().sign_in(ADA, PASSWORD).await.status, 200);
}
