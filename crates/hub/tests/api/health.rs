//! What anyone may see.

use crate::house::House;

// covers: OP-3
#[tokio::test]
async fn a_hub_says_that_it_is_alive_and_ready() {
    let house = House::empty().await;
    let browser = house.stranger();
    assert_eq!(browser.get("/healthz").await.to_string(), "200\nok\n");
    assert_eq!(browser.get("/readyz").await.to_string(), "200\nready\n");
}

// covers: OP-3, SV-9
#[tokio::test]
async fn a_hub_without_its_store_lives_but_is_not_ready() {
    let house = House::empty().await;
    let browser = house.stranger();
    house.hub.store().close().await;
    assert_eq!(browser.get("/healthz").await.status, 200);
    insta::assert_snapshot!(browser.get("/readyz").await, @r#"
    503
    {
      "code": "not-ready",
      "detail": "The hub's store doesn't answer.",
      "request_id": "",
      "status": 503,
      "title": "Service Unavailable",
      "type": "about:blank"
    }
    "#);
    insta::assert_snapshot!(browser.get("/api/v1/hub").await, @r#"
    500
    {
      "code": "internal",
      "detail": "Something went wrong inside the hub. Its log says more under this request id.",
      "request_id": "",
      "status": 500,
      "title": "Internal Server Error",
      "type": "about:blank"
    }
    "#);
}

#[tokio::test]
async fn unknown_addresses_of_the_api_are_problems_and_others_are_pages() {
    let house = House::empty().await;
    let browser = house.stranger();
    insta::assert_snapshot!(browser.get("/api/v1/nothing").await, @r#"
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
    insta::assert_snapshot!(browser.put("/api/v1/hub", serde_json::json!({})).await, @r#"
    405
    {
      "code": "method",
      "detail": "This address doesn't understand that method.",
      "request_id": "",
      "status": 405,
      "title": "Method Not Allowed",
      "type": "about:blank"
    }
    "#);
    assert_eq!(browser.get("/printers").await.headers["content-type"], "text/html; charset=utf-8");
}
