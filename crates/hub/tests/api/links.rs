//! Linking an agent by code.

use std::time::Duration;

use credentials::LinkCode;
use hub::config::Origins;
use printer::Clock;
use serde_json::{Value, json};
use store::ClaimResult;
use tunnel::{Identity, PublicKey};

use crate::house::{ADA, BEN, Browser, House};

const DECOYS: [&str; 2] = ["able able able able", "zoo zoo zoo zoo"];

fn words(key: &PublicKey) -> String {
    key.fingerprint().words().join(" ")
}

/// A new offer, and the agent that came with its code.
async fn claimed(house: &House, browser: &Browser<'_>) -> (String, PublicKey) {
    claimed_from(house, browser, "/api/v1/links").await
}

async fn claimed_from(house: &House, browser: &Browser<'_>, offers: &str) -> (String, PublicKey) {
    let offer = browser.post(offers, json!({})).await.json();
    let code: LinkCode = offer["code"].as_str().unwrap().parse().unwrap();
    let key = Identity::generate().unwrap().public_key();
    let choices = [DECOYS[0].to_owned(), words(&key), DECOYS[1].to_owned()];
    let name = "octopi".parse().unwrap();
    let store = house.hub.store();
    let now = house.clock.now();
    let digest = code.digest();
    let claim = store.claim_link_offer(code.id(), &digest, key.as_spki(), &name, &choices, now);
    assert!(matches!(claim.await.unwrap(), ClaimResult::Claimed));
    (format!("/api/v1/links/{}", code.id()), key)
}

// covers: LK-1
#[tokio::test]
async fn an_offer_shows_its_code_once_with_the_complete_command() {
    let house = House::new().await;
    let browser = house.signed_in(ADA).await;
    let answer = browser.post("/api/v1/links", json!({})).await;
    assert_eq!(answer.status, 201);
    let made = answer.json();
    let (id, code) = (made["id"].as_str().unwrap(), made["code"].as_str().unwrap());
    let key = house.hub.key().fingerprint();
    let origin = hub::admin::origins("[::]:3443".parse().unwrap(), &Origins::default());
    let origin = origin.last().unwrap().replace("layerlock.", "");
    let command = format!("layerlock agent link {origin} {code} --hub-key {key}");
    assert_eq!(made["command"], command);
    let again = browser.get(&format!("/api/v1/links/{id}")).await;
    let shown = again.to_string().replace(id, "[id]").replace(&words(&house.hub.key()), "[words]");
    insta::assert_snapshot!(shown, @r#"
    200
    {
      "agent_name": null,
      "choices": null,
      "code": null,
      "command": null,
      "expires": "2026-11-22T10:10:00Z",
      "hub_words": "[words]",
      "id": "[id]",
      "replaces": null,
      "state": "waiting",
      "wrong_codes": 0
    }
    "#);
}

// covers: LK-1
#[tokio::test]
async fn a_command_names_the_hub_as_the_person_does() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    browser.host = "hub.example:8443".to_owned();
    let made = browser.post("/api/v1/links", json!({})).await.json();
    assert!(made["command"].as_str().unwrap().contains(" https://hub.example:8443 "), "{made}");
}

// covers: LK-1
#[tokio::test]
async fn an_agent_is_linked_by_picking_its_words() {
    let house = House::new().await;
    let browser = house.signed_in(ADA).await;
    let (path, key) = claimed(&house, &browser).await;
    let offer = browser.get(&path).await.json();
    assert_eq!((&offer["state"], &offer["agent_name"]), (&json!("claimed"), &json!("octopi")));
    assert_eq!(offer["choices"], json!([DECOYS[0], words(&key), DECOYS[1]]));
    let mut news = house.hub.backplane().events();
    let approved = browser.post(&format!("{path}/approve"), json!({ "words": words(&key) })).await;
    assert_eq!((approved.status.as_u16(), &approved.json()["state"]), (200, &json!("linked")));
    assert!(matches!(news.try_recv().unwrap(), backplane::Event::LinkChanged(_)));
    let agents = browser.get("/api/v1/agents").await.json();
    assert_eq!((&agents[0]["name"], &agents[0]["words"]), (&json!("octopi"), &json!(words(&key))));
}

// covers: LK-1
#[tokio::test]
async fn a_person_who_picks_other_words_links_nobody() {
    let house = House::new().await;
    let browser = house.signed_in(ADA).await;
    let (path, key) = claimed(&house, &browser).await;
    let wrong = browser.post(&format!("{path}/approve"), json!({ "words": DECOYS[0] })).await;
    insta::assert_snapshot!(wrong, @r#"
    409
    {
      "code": "wrong-words",
      "detail": "The agent shows other words, so it was turned down. Make a new code, and look at what the agent prints.",
      "request_id": "",
      "status": 409,
      "title": "Conflict",
      "type": "about:blank"
    }
    "#);
    assert_eq!(browser.get(&path).await.json()["state"], "declined");
    let late = browser.post(&format!("{path}/approve"), json!({ "words": words(&key) })).await;
    insta::assert_snapshot!(late, @r#"
    409
    {
      "code": "link-state",
      "detail": "No agent is waiting to be linked with this code.",
      "request_id": "",
      "status": 409,
      "title": "Conflict",
      "type": "about:blank"
    }
    "#);
    assert_eq!(browser.get("/api/v1/agents").await.body, "[]");
}

#[tokio::test]
async fn an_offer_that_nobody_claimed_cannot_be_approved() {
    let house = House::new().await;
    let browser = house.signed_in(ADA).await;
    let offer = browser.post("/api/v1/links", json!({})).await.json();
    let path = format!("/api/v1/links/{}", offer["id"].as_str().unwrap());
    let answer = browser.post(&format!("{path}/approve"), json!({ "words": DECOYS[0] })).await;
    assert_eq!(answer.code(), "link-state");
}

// covers: LK-1
#[tokio::test]
async fn an_offer_ends_after_ten_minutes() {
    let house = House::new().await;
    let browser = house.signed_in(ADA).await;
    let (path, key) = claimed(&house, &browser).await;
    house.clock.pass(Duration::from_mins(10));
    let offer = browser.get(&path).await.json();
    assert_eq!((&offer["state"], &offer["choices"]), (&json!("expired"), &Value::Null));
    let late = browser.post(&format!("{path}/approve"), json!({ "words": words(&key) })).await;
    assert_eq!(late.code(), "link-state");
}

// covers: PM-4
#[tokio::test]
async fn nobody_sees_approves_or_declines_another_persons_offer() {
    let house = House::new().await;
    house.add(BEN).await;
    let (ada, ben) = (house.signed_in(ADA).await, house.signed_in(BEN).await);
    let (path, key) = claimed(&house, &ada).await;
    assert_eq!(ben.get(&path).await.status, 404);
    assert_eq!(ben.delete(&path).await.status, 404);
    let approval = json!({ "words": words(&key) });
    assert_eq!(ben.post(&format!("{path}/approve"), approval).await.status, 404);
    assert_eq!(ada.get(&path).await.json()["state"], "claimed");
}

#[tokio::test]
async fn an_offer_can_be_turned_down() {
    let house = House::new().await;
    let browser = house.signed_in(ADA).await;
    let (path, _) = claimed(&house, &browser).await;
    assert_eq!(browser.delete(&path).await.status, 204);
    assert_eq!(browser.get(&path).await.json()["state"], "declined");
}

// covers: LK-3
#[tokio::test]
async fn a_machine_takes_the_place_of_an_agent() {
    let house = House::new().await;
    let (agent, printer) = house.agent().await;
    let browser = house.signed_in(ADA).await;
    let offers = format!("/api/v1/agents/{}/replacement", agent.id);
    let (path, key) = claimed_from(&house, &browser, &offers).await;
    let offer = browser.get(&path).await.json();
    assert_eq!(offer["replaces"], json!({ "id": agent.id, "name": "Workshop" }));
    let approval = json!({ "words": words(&key) });
    assert_eq!(browser.post(&format!("{path}/approve"), approval).await.status, 200);
    let now = house.hub.store().agent(agent.id).await.unwrap().unwrap();
    assert_eq!(now.key, key.as_spki());
    let printer = house.hub.store().printer(printer).await.unwrap().unwrap();
    assert_eq!((printer.agent, printer.removed), (agent.id, None));
}

// covers: LK-3
#[tokio::test]
async fn replacement_by_another_account() {
    let house = House::new().await;
    house.add(BEN).await;
    let (agent, _) = house.agent().await;
    let ben = house.signed_in(BEN).await;
    let offers = format!("/api/v1/agents/{}/replacement", agent.id);
    assert_eq!(ben.post(&offers, json!({})).await.status, 404);
    let now = house.hub.store().agent(agent.id).await.unwrap().unwrap();
    assert_eq!((now.owner, now.key), (agent.owner, agent.key));
}

// covers: LK-3
#[tokio::test]
async fn replacement_code_used_as_ordinary_link() {
    let house = House::new().await;
    let (agent, _) = house.agent().await;
    let browser = house.signed_in(ADA).await;
    let offers = format!("/api/v1/agents/{}/replacement", agent.id);
    let (path, key) = claimed_from(&house, &browser, &offers).await;
    let approval = json!({ "words": words(&key) });
    assert_eq!(browser.post(&format!("{path}/approve"), approval).await.status, 200);
    let agents = browser.get("/api/v1/agents").await.json();
    assert_eq!(agents.as_array().unwrap().len(), 1, "it makes no agent beside the other: {agents}");
    assert_eq!(agents[0]["id"], json!(agent.id));
}

// covers: LK-3
#[tokio::test]
async fn an_agent_that_is_connected_is_not_replaced() {
    let house = House::new().await;
    let (agent, printer) = house.agent().await;
    let _here = house.connect(&agent, printer);
    let browser = house.signed_in(ADA).await;
    let offers = format!("/api/v1/agents/{}/replacement", agent.id);
    assert_eq!(browser.post(&offers, json!({})).await.code(), "agent-online");
}
