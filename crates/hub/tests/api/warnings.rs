//! What administrators are warned of.

use std::{net::IpAddr, time::Duration};

use serde_json::json;

use crate::house::{ADA, BEN, House};

const WARNINGS: &str = "/api/v1/hub/warnings";

// covers: SV-4
#[tokio::test]
async fn unlisted_proxy_is_shown_to_administrators_for_an_hour() {
    let house = House::new().await;
    let ada = house.signed_in(ADA).await;
    let nothing = json!({"unlisted_proxy": null, "discovery": true});
    assert_eq!(ada.get(WARNINGS).await.json(), nothing);
    let mut visitor = house.stranger();
    (visitor.address, visitor.unlisted_proxy) = (IpAddr::from([192, 168, 1, 2]), true);
    visitor.get("/").await;
    let warned = json!({"unlisted_proxy": "192.168.1.2", "discovery": false});
    assert_eq!(ada.get(WARNINGS).await.json(), warned);
    house.clock.pass(Duration::from_hours(1));
    assert_eq!(ada.get(WARNINGS).await.json(), nothing);
}

// covers: SV-4, PM-3
#[tokio::test]
async fn only_administrators_learn_of_the_hubs_proxies() {
    let house = House::new().await;
    house.add(BEN).await;
    let ben = house.signed_in(BEN).await;
    let answer = ben.get(WARNINGS).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (403, "administrator"));
}
