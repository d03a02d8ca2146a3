//! What administrators are warned of.

use std::{net::IpAddr, time::Duration};

use axum::body::Body;
use http::Method;
use serde_json::json;

use crate::house::{ADA, BEN, House};

const WARNINGS: &str = "/api/v1/hub/warnings";
const PROXY: [u8; 4] = [192, 168, 1, 2];

/// Somebody asks for a page from an address, and claims in this header to be somebody else.
async fn visit(house: &House, from: impl Into<IpAddr>, claim: &'static str) {
    let mut visitor = house.stranger();
    visitor.address = from.into();
    let request = visitor.request(Method::GET, "/").header(claim, "for=198.51.100.9");
    visitor.send(request.body(Body::empty()).unwrap()).await;
}

// covers: SV-4
#[tokio::test]
async fn unlisted_proxy_is_shown_to_administrators_for_an_hour() {
    let house = House::new().await;
    let ada = house.signed_in(ADA).await;
    let nothing = json!({"unlisted_proxy": null, "discovery": true});
    assert_eq!(ada.get(WARNINGS).await.json(), nothing);
    visit(&house, PROXY, "x-forwarded-for").await;
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

// covers: SV-4
#[tokio::test]
async fn forged_x_forwarded_for_raises_banner_for_everyone() {
    let house = House::behind("192.168.1.3").await;
    let ada = house.signed_in(ADA).await;
    let nothing = json!({"unlisted_proxy": null, "discovery": true});
    for claim in ["x-forwarded-for", "forwarded"] {
        // Strangers on the Internet, also one whose provider shares addresses, and the listed proxy.
        for from in
            ["203.0.113.7", "2001:db8::7", "::ffff:203.0.113.7", "100.64.0.9", "192.168.1.3"]
        {
            visit(&house, from.parse::<IpAddr>().unwrap(), claim).await;
            assert_eq!(ada.get(WARNINGS).await.json(), nothing, "{claim} from {from}");
        }
        for near in ["192.168.1.2", "10.0.0.2", "fd00::2"] {
            visit(&house, near.parse::<IpAddr>().unwrap(), claim).await;
            let warned = json!({"unlisted_proxy": near, "discovery": false});
            assert_eq!(ada.get(WARNINGS).await.json(), warned, "{claim} from {near}");
        }
        house.clock.pass(Duration::from_hours(1));
    }
}
