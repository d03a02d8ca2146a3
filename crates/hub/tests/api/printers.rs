//! Who sees which printer.

use printer::Level;

use crate::house::{ADA, BEN, House};

// covers: PM-2
#[tokio::test]
async fn an_owner_sees_and_opens_the_printer() {
    let house = House::new().await;
    let (agent, printer) = house.agent().await;
    let _here = house.connect(&agent, printer);
    let browser = house.signed_in(ADA).await;
    insta::assert_snapshot!(browser.get("/api/v1/printers").await, @r#"
    200
    [
      {
        "agent": {
          "id": "[id]",
          "last_seen": "2026-11-22T10:00:00Z",
          "name": "Workshop",
          "online": true
        },
        "id": "[id]",
        "kind": "octoprint",
        "level": "admin",
        "name": "Prusa in the cellar",
        "online": true,
        "open": {
          "url": "https://abcdefghijklmnop.localhost:3443/"
        }
      }
    ]
    "#);
    let one = browser.get(&format!("/api/v1/printers/{printer}")).await;
    assert_eq!(one.json(), browser.get("/api/v1/printers").await.json()[0]);
}

// covers: PM-2, PM-4
#[tokio::test]
async fn somebody_without_a_grant_sees_no_printer() {
    let house = House::new().await;
    house.add(BEN).await;
    let (agent, printer) = house.agent().await;
    let _here = house.connect(&agent, printer);
    let ben = house.signed_in(BEN).await;
    insta::assert_snapshot!(ben.get("/api/v1/printers").await, @"
    200
    []
    ");
    let one = ben.get(&format!("/api/v1/printers/{printer}")).await;
    let none = ben.get("/api/v1/printers/018f0000-0000-7000-8000-000000000000").await;
    assert_eq!(one.to_string(), none.to_string(), "as if there were no such printer");
    insta::assert_snapshot!(one, @r#"
    404
    {
      "code": "not-found",
      "detail": "There is nothing here.",
      "request_id": "",
      "status": 404,
      "title": "Not Found",
      "type": "about:blank"
    }
    "#);
}

// covers: PM-1, PM-2
#[tokio::test]
async fn a_viewer_sees_the_printer_and_cannot_open_it() {
    let house = House::new().await;
    house.add(BEN).await;
    let (_, printer) = house.agent().await;
    let grant = house.grant(BEN, printer, Level::View).await;
    let ben = house.signed_in(BEN).await;
    insta::assert_snapshot!(ben.get("/api/v1/printers").await, @r#"
    200
    [
      {
        "agent": {
          "id": "[id]",
          "last_seen": "2026-11-22T10:00:00Z",
          "name": "Workshop",
          "online": false
        },
        "id": "[id]",
        "kind": "octoprint",
        "level": "view",
        "name": "Prusa in the cellar",
        "online": false,
        "open": {
          "unavailable": "The printer's own pages take the level \"controls\"."
        }
      }
    ]
    "#);
    house.hub.admin().remove_grant(grant).await.unwrap();
    assert_eq!(ben.get("/api/v1/printers").await.body, "[]");
}

// covers: RL-2
#[tokio::test]
async fn where_localhost_leads_elsewhere_open_says_so() {
    let house = House::new().await;
    house.agent().await;
    let mut browser = house.signed_in(ADA).await;
    let open = |answer: crate::house::Answer| answer.json()[0]["open"].clone();
    let here = open(browser.get("/api/v1/printers").await);
    assert_eq!(here["url"], "https://abcdefghijklmnop.localhost:3443/");
    browser.host = "workshop.local:3443".to_owned();
    let in_the_lan = open(browser.get("/api/v1/printers").await);
    let start = "https://ll-abcdefghijklmnop.local:3443/.layerlock/start";
    assert_eq!(in_the_lan["url"], format!("{start}?from=workshop%2Elocal&next=%2F"));
    browser.host = "hub.example:3443".to_owned();
    insta::assert_snapshot!(open(browser.get("/api/v1/printers").await), @r#"
    {"unavailable":"From this address printers open only when they have a domain of their own (\"domain\" in [hub.origins]). In the hub's own network, use the dashboard by the hub's address there."}
    "#);
}
