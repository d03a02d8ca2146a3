//! One's own agents.

use crate::house::{ADA, BEN, House};

#[tokio::test]
async fn agents_are_listed_with_their_words() {
    let house = House::new().await;
    let (agent, printer) = house.agent().await;
    let _here = house.connect(&agent, printer);
    let answer = house.signed_in(ADA).await.get("/api/v1/agents").await;
    let words = answer.json()[0]["words"].as_str().unwrap().to_owned();
    assert_eq!(words.split(' ').count(), 4);
    insta::assert_snapshot!(answer.to_string().replace(&words, "[four words]"), @r#"
    200
    [
      {
        "id": "[id]",
        "last_seen": "2026-11-22T10:00:00Z",
        "linked": "2026-11-22T10:00:00Z",
        "name": "Workshop",
        "online": true,
        "printers": 1,
        "rival": null,
        "unlinked": null,
        "version": null,
        "words": "[four words]"
      }
    ]
    "#);
}

// covers: LK-3
#[tokio::test]
async fn an_unlinked_agent_is_gone_with_its_printers() {
    let house = House::new().await;
    let (agent, printer) = house.agent().await;
    let browser = house.signed_in(ADA).await;
    let path = format!("/api/v1/agents/{}", agent.id);
    assert_eq!(browser.delete(&path).await.status, 204);
    assert_eq!(browser.delete(&path).await.status, 404);
    let listed = browser.get("/api/v1/agents").await.json();
    assert_eq!(listed[0]["unlinked"], "2026-11-22T10:00:00Z", "its printers could be brought back");
    assert_eq!(browser.get(&format!("/api/v1/printers/{printer}")).await.status, 404);
}

// covers: PM-4
#[tokio::test]
async fn nobody_sees_or_unlinks_another_persons_agent() {
    let house = House::new().await;
    house.add(BEN).await;
    let (agent, _) = house.agent().await;
    let ben = house.signed_in(BEN).await;
    assert_eq!(ben.get("/api/v1/agents").await.body, "[]");
    let path = format!("/api/v1/agents/{}", agent.id);
    assert_eq!(ben.delete(&path).await.status, 404);
    assert_eq!(house.hub.store().agent(agent.id).await.unwrap().unwrap().revoked, None);
}
