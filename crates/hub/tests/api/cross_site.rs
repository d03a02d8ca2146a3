//! Other sites' pages, in the browser of somebody who is signed in.

use axum::body::Body;
use http::{Method, header};
use serde_json::json;

use crate::house::{ADA, Browser, House, PASSWORD};

async fn sign_out_from(browser: &Browser<'_>, origins: &[&str]) -> u16 {
    let mut request =
        browser.request(Method::DELETE, "/api/v1/session").body(Body::empty()).unwrap();
    request.headers_mut().remove(header::ORIGIN);
    for origin in origins {
        request.headers_mut().append(header::ORIGIN, origin.parse().unwrap());
    }
    browser.send(request).await.status.as_u16()
}

// covers: SV-3
#[tokio::test]
async fn another_sites_page_changes_nothing() {
    let house = House::new().await;
    let browser = house.signed_in(ADA).await;
    let own = "https://layerlock.localhost:3443";
    let foreign = [
        "https://evil.example",
        "http://layerlock.localhost:3443",
        "https://localhost",
        "https://localhost:7001",
        "https://abcdefghijklmnop.localhost:3443",
        "https://layerlock.localhost:3443.evil.example",
        "null",
    ];
    for origin in foreign {
        assert_eq!(sign_out_from(&browser, &[origin]).await, 403, "{origin}");
    }
    assert_eq!(sign_out_from(&browser, &[]).await, 403, "no origin");
    assert_eq!(sign_out_from(&browser, &[own, "https://evil.example"]).await, 403, "two origins");
    assert_eq!(sign_out_from(&browser, &[own]).await, 204);
}

// covers: SV-3
#[tokio::test]
async fn another_sites_page_signs_nobody_in() {
    let house = House::new().await;
    let browser = house.stranger();
    let body = json!({ "email": ADA, "password": PASSWORD });
    let mut request = browser.with_json(Method::POST, "/api/v1/session", &body);
    request.headers_mut().insert(header::ORIGIN, "https://evil.example".parse().unwrap());
    insta::assert_snapshot!(browser.send(request).await, @r#"
    403
    {
      "code": "cross-site",
      "detail": "This request came from another site's page, or doesn't say where it came from.",
      "request_id": "",
      "status": 403,
      "title": "Forbidden",
      "type": "about:blank"
    }
    "#);
}

// covers: SV-3
#[tokio::test]
async fn another_sites_page_reads_nothing() {
    let house = House::new().await;
    let browser = house.signed_in(ADA).await;
    for (site, status) in
        [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)]
    {
        for path in ["/api/v1/session", "/api/v1/printers", "/api/v1/events"] {
            let mut request = browser.request(Method::GET, path).body(Body::empty()).unwrap();
            request.headers_mut().insert("sec-fetch-site", site.parse().unwrap());
            let answer = browser.open(request).await;
            assert_eq!(answer.status(), status, "{site} {path}");
        }
    }
}

// covers: SV-3
#[tokio::test]
async fn a_rebound_name_is_not_answered() {
    let house = House::new().await;
    let mut browser = house.signed_in(ADA).await;
    browser.host = "evil.example:3443".to_owned();
    let answer = browser.get("/api/v1/session").await;
    assert!(answer.status.is_client_error(), "{answer}");
    assert!(!answer.body.contains(ADA), "{answer}");
}

// covers: SV-2
#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let house = House::new().await;
    let browser = house.stranger();
    for path in ["/", "/sign-in", "/api/v1/session", "/api/v1/nothing", "/healthz"] {
        let answer = browser.get(path).await;
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'"), "{path}");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(answer.headers["cross-origin-resource-policy"], "same-origin", "{path}");
    }
}
