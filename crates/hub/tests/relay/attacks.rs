//! Requests that another page, or the printer's own, makes a visitor's browser send.

use axum::body::Body;
use http::{Method, header::ORIGIN};

use crate::workshop::Workshop;

const SIBLING: &str = "https://abcdefghijklmnop.localhost:3443";

// covers: RL-3
#[tokio::test]
async fn sibling_printer_page_posts_to_moonraker() {
    let workshop = Workshop::new().await;
    let mut browser = workshop.ada_at_the_printer().await;
    let host = format!("{}.localhost:3443", workshop.label().await);
    for site in ["same-site", "cross-site", "none"] {
        let request = browser
            .request(Method::POST, &host, "/printer/gcode/script?script=M104")
            .header("sec-fetch-site", site)
            .header("sec-fetch-mode", "no-cors")
            .header(ORIGIN, SIBLING);
        let answer = browser.send(request, "").await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (403, "other-origin"));
    }
    let without = browser.request(Method::POST, &host, "/printer/gcode/script");
    assert_eq!(browser.send(without, "").await.code(), "other-origin");
    assert!(workshop.side.seen().is_empty());
}

// covers: RL-3, RL-5
#[tokio::test]
async fn printer_cors_allows_credentials() {
    let workshop = Workshop::new().await;
    let mut browser = workshop.ada_at_the_printer().await;
    let host = format!("{}.localhost:3443", workshop.label().await);
    workshop.side.says(&[
        ("access-control-allow-origin", SIBLING),
        ("access-control-allow-credentials", "true"),
    ]);
    let preflight = browser
        .request(Method::OPTIONS, &host, "/api/files")
        .header(ORIGIN, SIBLING)
        .header("access-control-request-method", "DELETE");
    let answer = browser.send(preflight, "").await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (403, "cors-denied"));
    assert!(workshop.side.seen().is_empty());
    let page = browser.go(&host, "/").await;
    assert!(!page.headers.keys().any(|name| name.as_str().starts_with("access-control-")));
    assert_eq!(page.headers["cross-origin-resource-policy"], "same-origin");
}

// covers: RL-5
#[tokio::test]
async fn clear_site_data_from_printer() {
    let workshop = Workshop::new().await;
    let mut browser = workshop.ada_at_the_printer().await;
    let host = format!("{}.localhost:3443", workshop.label().await);
    workshop.side.says(&[("clear-site-data", "\"cookies\""), ("service-worker-allowed", "/")]);
    let page = browser.go(&host, "/").await;
    assert_eq!(page.status, 200);
    assert!(!page.headers.contains_key("clear-site-data"));
    assert!(!page.headers.contains_key("service-worker-allowed"));
}

// covers: RL-5
#[tokio::test]
async fn hsts_max_age_zero_from_printer() {
    let workshop = Workshop::new().await;
    let mut browser = workshop.ada_at_the_printer().await;
    let host = format!("{}.localhost:3443", workshop.label().await);
    workshop.side.says(&[
        ("strict-transport-security", "max-age=0"),
        ("alt-svc", "h2=\"evil.example:443\""),
        ("nel", "{}"),
        ("cache-control", "public, max-age=60"),
    ]);
    let page = browser.go(&host, "/").await;
    for name in ["strict-transport-security", "alt-svc", "nel"] {
        assert!(!page.headers.contains_key(name), "{name}");
    }
    assert_eq!(page.headers["cache-control"], "private, max-age=60");
}

// covers: RL-5, AC-5
#[tokio::test]
async fn printer_asks_for_the_hubs_passkey() {
    let workshop = Workshop::new().await;
    let mut browser = workshop.ada_at_the_printer().await;
    let host = format!("{}.localhost:3443", workshop.label().await);
    for said in ["publickey-credentials-get=*", "not a policy ((", "camera=()"] {
        workshop.side.says(&[("permissions-policy", said), ("feature-policy", "publickey *")]);
        let page = browser.go(&host, "/").await;
        let policies: Vec<_> = page.headers.get_all("permissions-policy").iter().collect();
        assert_eq!(policies, ["publickey-credentials-get=(), publickey-credentials-create=()"]);
        assert!(!page.headers.contains_key("feature-policy"));
    }
}

// covers: RL-2, RL-5
#[tokio::test]
async fn sibling_page_holds_on_to_a_window() {
    let workshop = Workshop::new().await;
    let mut browser = workshop.ada_at_the_printer().await;
    let host = format!("{}.localhost:3443", workshop.label().await);
    workshop.side.says(&[
        ("cross-origin-opener-policy", "unsafe-none"),
        ("content-security-policy", "frame-ancestors *"),
    ]);
    let page = browser.go(&host, "/").await;
    let openers: Vec<_> = page.headers.get_all("cross-origin-opener-policy").iter().collect();
    assert_eq!(openers, ["same-origin-allow-popups"]);
    let policies: Vec<_> = page.headers.get_all("content-security-policy").iter().collect();
    assert_eq!(policies, ["frame-ancestors *", "frame-ancestors 'self'"]);
}

// covers: RL-5
#[tokio::test]
async fn cdn_caches_relayed_page() {
    let workshop = Workshop::new().await;
    let mut browser = workshop.ada_at_the_printer().await;
    let host = format!("{}.localhost:3443", workshop.label().await);
    assert_eq!(browser.go(&host, "/").await.headers["cache-control"], "private");
    workshop.side.says(&[
        ("cache-control", "public, s-maxage=3600, max-age=60"),
        ("cdn-cache-control", "max-age=3600"),
        ("surrogate-control", "max-age=3600"),
    ]);
    let page = browser.go(&host, "/").await;
    assert_eq!(page.headers["cache-control"], "private, max-age=60");
    assert!(!page.headers.contains_key("cdn-cache-control"));
    assert!(!page.headers.contains_key("surrogate-control"));
}

// covers: RL-5
#[tokio::test]
async fn forged_relayed_header() {
    let workshop = Workshop::new().await;
    let mut browser = workshop.ada_at_the_printer().await;
    let host = format!("{}.localhost:3443", workshop.label().await);
    let request = browser
        .navigation(&host, "/")
        .header(wire::RELAYED_HEADER, "{\"level\":\"admin\"}")
        .header("layerlock-agent-error", "x")
        .header("x-forwarded-for", "127.0.0.1")
        .header("x-real-ip", "127.0.0.1")
        .header("remote-user", "admin")
        .header("x-script-name", "/x");
    assert_eq!(browser.send(request, Body::empty()).await.status, 200);
    let seen = workshop.side.only();
    let relayed: Vec<_> = seen.headers.get_all(wire::RELAYED_HEADER).iter().collect();
    assert_eq!(relayed.len(), 1);
    let relayed = wire::Relayed::decode(relayed[0].as_bytes()).unwrap();
    assert_eq!((relayed.account, relayed.lease), (workshop.ada.id, browser.session.unwrap()));
    assert_eq!((relayed.host.as_str(), relayed.client), (host.as_str(), [203, 0, 113, 7].into()));
    for name in ["x-forwarded-for", "x-real-ip", "remote-user", "x-script-name", "host"] {
        assert!(!seen.headers.contains_key(name), "{name}");
    }
    assert!(!seen.headers.contains_key("layerlock-agent-error"));
}

// covers: RL-5
#[tokio::test]
async fn hub_key_in_x_api_key_reaches_printer() {
    let workshop = Workshop::new().await;
    let mut browser = workshop.ada_at_the_printer().await;
    let host = format!("{}.localhost:3443", workshop.label().await);
    let attempts = [
        ("x-api-key", "llk_secret", "/api/version"),
        ("authorization", "Bearer llk_secret", "/api/version"),
        ("accept", "*/*", "/api/version?apikey=llk_secret"),
    ];
    for (name, value, path) in attempts {
        let request = browser.own(Method::GET, &host, path).header(name, value);
        let answer = browser.send(request, "").await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, "hub-key-in-request"));
    }
    assert!(workshop.side.seen().is_empty());
    let own = browser.own(Method::GET, &host, "/api/version").header("x-api-key", "PRINTERSKEY");
    assert_eq!(browser.send(own, "").await.status, 200);
    assert_eq!(workshop.side.only().headers["x-api-key"], "PRINTERSKEY");
}

// covers: RL-5
#[tokio::test]
async fn service_worker_survives_printer_swap() {
    let workshop = Workshop::new().await;
    let mut browser = workshop.ada_at_the_printer().await;
    let host = format!("{}.localhost:3443", workshop.label().await);
    let request = browser.own(Method::GET, &host, "/sw.js").header("service-worker", "script");
    assert_eq!(browser.send(request, "").await.code(), "service-worker");
    assert!(workshop.side.seen().is_empty());
}

// covers: RL-3
#[tokio::test]
async fn session_of_one_printer_at_anothers_origin() {
    let workshop = Workshop::new().await;
    let browser = workshop.ada_at_the_printer().await;
    let label = workshop.label().await;
    let host = format!("{label}.localhost:3443");
    let cookie = browser.cookie(&host, &format!("__Host-ll-{label}")).unwrap().to_owned();
    let dashboard =
        browser.cookie("layerlock.localhost:3443", "__Host-layerlock").unwrap().to_owned();
    let mut thief = workshop.stranger();
    let other = "abcdefghijklmnop";
    thief.keep(&format!("{other}.localhost:3443"), &format!("__Host-ll-{other}"), &cookie);
    let answer = thief.go(&format!("{other}.localhost:3443"), "/").await;
    assert_eq!(answer.status, 303);
    thief.keep(&host, &format!("__Host-ll-{label}"), &dashboard);
    assert_eq!(thief.go(&host, "/").await.status, 303);
    assert!(workshop.side.seen().is_empty());
}

// covers: SV-3
#[tokio::test]
async fn dns_rebinding() {
    let workshop = Workshop::new().await;
    let mut browser = workshop.ada_at_the_printer().await;
    for host in ["evil.example:3443", "192.168.1.6:3443", "short.localhost:3443", "a b"] {
        let answer = browser.go(host, "/api/v1/hub").await;
        assert_eq!(answer.status, 421, "{host}");
    }
    assert_eq!(browser.go("192.168.1.5:3443", "/healthz").await.status, 200);
    assert_eq!(browser.go("layerlock.localhost", "/healthz").await.status, 200);
}
