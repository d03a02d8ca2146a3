//! `localhost` belongs to every program of a machine, and browsers send its cookies to all ports:
//! nothing of the hub may be found there, unless its operator wants it so.

use http::{
    Method,
    header::{ACCEPT, SET_COOKIE},
};
use hub::Config;
use serde_json::json;

use crate::workshop::Workshop;

const SHARED: [&str; 5] =
    ["localhost:3443", "LOCALHOST.:3443", "127.0.0.1:3443", "127.8.8.8:3443", "[::1]:3443"];

// covers: RL-2, AC-3
#[tokio::test]
async fn who_goes_to_localhost_is_sent_on_to_the_dashboards_own_name() {
    let workshop = Workshop::new().await;
    let mut browser = workshop.stranger();
    for host in SHARED {
        for path in ["/", "/setup", "/open/x?next=%2Fa", "//evil.example/"] {
            let answer = browser.go(host, path).await;
            assert_eq!(answer.status, 303, "{host}");
            assert_eq!(answer.location(), format!("https://layerlock.localhost:3443{path}"));
            assert_eq!(answer.headers["cache-control"], "no-store");
            assert!(!answer.headers.contains_key(SET_COOKIE), "{host}");
        }
    }
    let old = browser.request(Method::GET, "localhost", "/a").header(ACCEPT, "text/html");
    assert_eq!(browser.send(old, "").await.location(), "https://layerlock.localhost/a");
}

// covers: RL-2, AC-3
#[tokio::test]
async fn no_sign_in_at_a_name_that_every_program_has() {
    let workshop = Workshop::new().await;
    let mut browser = workshop.signed_in(&workshop.ada).await;
    let session = browser.cookie("layerlock.localhost:3443", "__Host-layerlock").unwrap();
    let session = session.to_owned();
    for host in SHARED {
        browser.keep(host, "__Host-layerlock", &session);
        let body = json!({ "email": "ada@example.org", "password": "x" }).to_string();
        for (method, path) in [
            (Method::POST, "/api/v1/session"),
            (Method::GET, "/api/v1/session"),
            (Method::GET, "/api/v1/printers"),
            (Method::GET, "/"),
            (Method::HEAD, "/"),
        ] {
            let answer = browser.send(browser.own(method.clone(), host, path), body.clone()).await;
            assert_eq!(answer.status, 421, "{method} {host}{path}");
            if method != Method::HEAD {
                assert_eq!(answer.code(), "shared-name");
                assert!(answer.body.contains("https://layerlock.localhost:3443"));
            }
        }
        assert_eq!(browser.cookie(host, "__Host-layerlock"), None, "it is taken back");
    }
}

// covers: OP-3
#[tokio::test]
async fn a_health_check_may_ask_localhost() {
    let workshop = Workshop::new().await;
    let mut probe = workshop.stranger();
    for path in ["/healthz", "/readyz"] {
        let request = probe.request(Method::GET, "localhost:3443", path);
        assert_eq!(probe.send(request, "").await.status, 200);
    }
}

// covers: RL-2
#[tokio::test]
async fn an_operator_may_keep_the_bare_name() {
    let config: Config = toml::from_str("[origins]\nbare_localhost = true").unwrap();
    let workshop = Workshop::with(config).await;
    let label = workshop.label().await;
    for host in SHARED {
        let mut browser = workshop.stranger();
        let request = browser.own(Method::GET, host, "/api/v1/hub");
        assert_eq!(browser.send(request, "").await.status, 200, "{host}");
    }
    let bounced = workshop.stranger().go(&format!("{label}.localhost:3443"), "/").await;
    assert!(bounced.location().starts_with("https://localhost:3443/open/"));
}

// covers: RL-2
#[tokio::test]
async fn the_page_at_a_wrong_name_has_its_style() {
    let workshop = Workshop::new().await;
    let mut browser = workshop.stranger();
    for host in ["evil.example:3443", "localhost:3443"] {
        let style = browser.go(host, "/.layerlock/page.css").await;
        assert_eq!(
            (style.status.as_u16(), &style.headers["content-type"]),
            (200, &"text/css; charset=utf-8".parse().unwrap())
        );
        assert!(!style.headers.contains_key(SET_COOKIE));
    }
    let page = browser.go("evil.example:3443", "/").await;
    assert_eq!(page.status, 421);
    assert!(page.body.contains("href=\"/.layerlock/page.css\""));
}
