//! What a visitor is told when the printer doesn't answer.

use http::Method;

use crate::workshop::{Workshop, until};

// covers: RL-7
#[tokio::test]
async fn a_printer_that_is_off_has_a_page_and_a_problem() {
    let workshop = Workshop::new().await;
    let mut browser = workshop.ada_at_the_printer().await;
    let host = format!("{}.localhost:3443", workshop.label().await);
    let page = browser.go(&host, "/agent-error").await;
    assert_eq!(page.status, 502);
    assert!(page.body.contains("Prusa in the cellar doesn't answer"), "{}", page.body);
    assert!(page.body.contains("http-equiv=\"refresh\""));
    assert!(!page.headers.contains_key("layerlock-agent-error"));
    let problem = browser.send(browser.own(Method::GET, &host, "/agent-error"), "").await;
    assert_eq!(problem.code(), "printer-offline");
}

// covers: RL-7
#[tokio::test]
async fn an_agent_that_is_away_has_a_page_that_says_since_when() {
    let workshop = Workshop::new().await;
    let mut browser = workshop.ada_at_the_printer().await;
    let host = format!("{}.localhost:3443", workshop.label().await);
    workshop.stop.cancel();
    until(async || !workshop.hub.backplane().presence().of(workshop.agent.id).online).await;
    let page = browser.go(&host, "/").await;
    assert_eq!(page.status, 502);
    assert!(page.body.contains("The agent is offline"), "{}", page.body);
    assert!(page.body.contains("last seen just now"), "{}", page.body);
    let problem = browser.send(browser.own(Method::GET, &host, "/"), "").await;
    assert_eq!(problem.code(), "agent-offline");
}

// covers: RL-2
#[tokio::test]
async fn our_own_pages_on_a_printers_origin_are_strict() {
    let workshop = Workshop::new().await;
    let mut browser = workshop.stranger();
    let host = format!("{}.localhost:3443", workshop.label().await);
    for (path, media_type) in [
        ("/.layerlock/enter", "text/html; charset=utf-8"),
        ("/.layerlock/enter.js", "text/javascript; charset=utf-8"),
        ("/.layerlock/page.css", "text/css; charset=utf-8"),
    ] {
        let answer = browser.go(&host, path).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.headers["content-type"]),
            (200, &media_type.parse().unwrap())
        );
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'"));
        assert_eq!(answer.headers["referrer-policy"], "no-referrer");
        assert_eq!(answer.headers["cache-control"], "no-store");
    }
    for path in ["/.layerlock", "/.layerlock/", "/.layerlock/other"] {
        assert_eq!(browser.go(&host, path).await.status, 404, "{path}");
    }
    assert!(workshop.side.seen().is_empty());
}
