//! From the dashboard's session to one on a printer's origin (decision 5), and every way to get
//! hold of somebody else's.

use http::{Method, header::CONTENT_TYPE};
use printer::Level;
use serde_json::json;

use crate::{
    browser::Fragment,
    workshop::{SESSION, Workshop},
};

fn host(label: &str) -> String {
    format!("{label}.localhost:3443")
}

// covers: RL-1, RL-2, RL-3
#[tokio::test]
async fn a_person_reaches_the_printers_page_by_way_of_the_dashboard() {
    let workshop = Workshop::new().await;
    let label = workshop.label().await;
    let mut browser = workshop.signed_in(&workshop.ada).await;
    let page = browser.enter(&label, "/files?sort=name&dir=%2F").await;
    assert_eq!((page.status.as_u16(), page.body.as_str()), (200, "the printer's page"));
    assert_eq!(workshop.side.only().path, "/files?sort=name&dir=%2F");
    assert!(browser.cookie(&host(&label), &format!("__Host-ll-pre-{label}")).is_none());
}

// covers: RL-2
#[tokio::test]
async fn who_is_signed_out_signs_in_on_the_way() {
    let workshop = Workshop::new().await;
    let label = workshop.label().await;
    let mut browser = workshop.stranger();
    let bounced = browser.go(&host(&label), "/a?b=c").await;
    assert_eq!(bounced.status, 303);
    assert_eq!(bounced.headers["referrer-policy"], "no-referrer");
    assert_eq!(bounced.headers["cache-control"], "no-store");
    let open = bounced.location().strip_prefix("https://layerlock.localhost:3443").unwrap();
    let sign_in = browser.go("layerlock.localhost:3443", open).await;
    assert_eq!(sign_in.status, 303);
    assert!(sign_in.location().starts_with("/sign-in?next=%2Fopen%2F"), "{}", sign_in.location());
}

// covers: RL-3
#[tokio::test]
async fn a_program_without_a_session_gets_a_problem() {
    let workshop = Workshop::new().await;
    let label = workshop.label().await;
    let mut browser = workshop.stranger();
    let answer = browser.send(browser.own(Method::GET, &host(&label), "/api/job"), "").await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (401, "signed-out"));
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert!(workshop.side.seen().is_empty());
}

// covers: RL-3
#[tokio::test]
async fn ticket_of_attacker_opened_by_victim() {
    let workshop = Workshop::new().await;
    let label = workshop.label().await;
    let mallory = workshop.other("mallory@example.org", Some(Level::Controls)).await;
    let mut attacker = workshop.signed_in(&mallory).await;
    let trap = attacker.fetch_ticket(&label, "/").await;
    // The victim has been there before, so that there is a pre-cookie, only not the attacker's.
    let mut victim = workshop.signed_in(&workshop.ada).await;
    victim.go(&host(&label), "/").await;
    let answer = victim.redeem(&host(&label), &trap).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, "invalid-ticket"));
    assert!(victim.cookie(&host(&label), &format!("__Host-ll-{label}")).is_none());
    // And without any.
    let trap = attacker.fetch_ticket(&label, "/").await;
    let answer = workshop.signed_in(&workshop.ada).await.redeem(&host(&label), &trap).await;
    assert_eq!(answer.code(), "invalid-ticket");
}

// covers: RL-3
#[tokio::test]
async fn ticket_used_twice() {
    let workshop = Workshop::new().await;
    let label = workshop.label().await;
    let mut browser = workshop.signed_in(&workshop.ada).await;
    let fragment = browser.fetch_ticket(&label, "/").await;
    let mut copy = browser.clone();
    assert_eq!(browser.redeem(&host(&label), &fragment).await.status, 200);
    assert_eq!(copy.redeem(&host(&label), &fragment).await.code(), "invalid-ticket");
}

// covers: RL-3
#[tokio::test]
async fn ticket_of_one_printer_opens_another() {
    let workshop = Workshop::new().await;
    let label = workshop.label().await;
    let other = "abcdefghijklmnop";
    let mut browser = workshop.signed_in(&workshop.ada).await;
    let fragment = browser.fetch_ticket(&label, "/").await;
    let pre = browser.cookie(&host(&label), &format!("__Host-ll-pre-{label}")).unwrap().to_owned();
    browser.keep(&host(other), &format!("__Host-ll-pre-{other}"), &pre);
    assert_eq!(browser.redeem(&host(other), &fragment).await.code(), "invalid-ticket");
}

// covers: RL-3
#[tokio::test]
async fn ticket_of_one_port_at_another() {
    let workshop = Workshop::new().await;
    let label = workshop.label().await;
    let other = format!("{label}.localhost:9999");
    let mut browser = workshop.signed_in(&workshop.ada).await;
    let fragment = browser.fetch_ticket(&label, "/").await;
    let name = format!("__Host-ll-pre-{label}");
    let pre = browser.cookie(&host(&label), &name).unwrap().to_owned();
    browser.keep(&other, &name, &pre);
    assert_eq!(browser.redeem(&other, &fragment).await.code(), "invalid-ticket");
}

// covers: RL-3
#[tokio::test]
async fn ticket_next_double_slash() {
    let workshop = Workshop::new().await;
    let label = workshop.label().await;
    let mut browser = workshop.signed_in(&workshop.ada).await;
    for evil in ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)"]
    {
        let Fragment { ticket, .. } = browser.fetch_ticket(&label, "/").await;
        let fragment = Fragment { ticket, next: evil.to_owned() };
        let answer = browser.redeem(&host(&label), &fragment).await;
        assert_eq!(answer.json()["next"], "/", "{evil}");
        browser.keep(&host(&label), &format!("__Host-ll-{label}"), "");
    }
    let evil = "/open/{}?next=%2F%2Fevil.example".replace("{}", &label);
    let opened = browser.go("layerlock.localhost:3443", &evil).await;
    assert_eq!(opened.location(), format!("https://{}/", host(&label)));
}

// covers: RL-3
#[tokio::test]
async fn another_sites_page_redeems_a_ticket() {
    let workshop = Workshop::new().await;
    let label = workshop.label().await;
    let mut browser = workshop.signed_in(&workshop.ada).await;
    let fragment = browser.fetch_ticket(&label, "/").await;
    let body = json!({ "ticket": fragment.ticket, "next": "/" }).to_string();
    for origin in
        ["https://abcdefghijklmnop.localhost:3443", "https://layerlock.localhost:3443", "null"]
    {
        let request = browser
            .request(Method::POST, &host(&label), "/.layerlock/redeem")
            .header("origin", origin)
            .header(CONTENT_TYPE, "application/json");
        let answer = browser.send(request, body.clone()).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (403, "other-origin"));
    }
    let form = browser
        .request(Method::POST, &host(&label), "/.layerlock/redeem")
        .header("origin", format!("https://{}", host(&label)))
        .header(CONTENT_TYPE, "text/plain");
    assert_eq!(browser.send(form, body).await.code(), "invalid-ticket");
}

// covers: RL-3
#[tokio::test]
async fn page_of_another_site_makes_a_ticket_in_the_background() {
    let workshop = Workshop::new().await;
    let label = workshop.label().await;
    let mut browser = workshop.signed_in(&workshop.ada).await;
    let path = format!("/open/{label}?pre={}&next=%2F", "A".repeat(43));
    for destination in ["iframe", "image", "empty"] {
        let request = browser
            .request(Method::GET, "layerlock.localhost:3443", &path)
            .header("sec-fetch-site", "cross-site")
            .header("sec-fetch-mode", "navigate")
            .header("sec-fetch-dest", destination);
        let answer = browser.send(request, "").await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (403, "not-a-navigation"));
    }
}

// covers: RL-3, AC-11
#[tokio::test]
async fn session_ended_before_its_ticket_was_redeemed() {
    let workshop = Workshop::new().await;
    let label = workshop.label().await;
    let mut browser = workshop.signed_in(&workshop.ada).await;
    let fragment = browser.fetch_ticket(&label, "/").await;
    let session = browser.session.unwrap();
    assert!(workshop.hub.store().end_session(workshop.ada.id, session).await.unwrap());
    assert_ne!(browser.redeem(&host(&label), &fragment).await.status, 200);
    assert_eq!(browser.go(&host(&label), "/").await.status, 303);
}

// covers: RL-3
#[tokio::test]
async fn a_second_tab_does_not_spoil_the_first() {
    let workshop = Workshop::new().await;
    let label = workshop.label().await;
    let mut browser = workshop.signed_in(&workshop.ada).await;
    let first = browser.fetch_ticket(&label, "/one").await;
    browser.go(&host(&label), "/two").await;
    assert_eq!(browser.redeem(&host(&label), &first).await.json()["next"], "/one");
}

// covers: AC-3, AC-11
#[tokio::test]
async fn a_session_on_a_printers_origin_ends_with_its_parent() {
    let workshop = Workshop::new().await;
    let label = workshop.label().await;
    let mut browser = workshop.signed_in(&workshop.ada).await;
    assert_eq!(browser.enter(&label, "/").await.status, 200);
    workshop.clock.pass(SESSION);
    assert_eq!(browser.go(&host(&label), "/").await.status, 303);
}

// covers: PM-2, PM-4
#[tokio::test]
async fn no_grant_looks_like_no_printer() {
    let workshop = Workshop::new().await;
    let ben = workshop.other("ben@example.org", None).await;
    let mut browser = workshop.signed_in(&ben).await;
    let real = [workshop.label().await, workshop.printer.to_string()];
    let unreal = ["abcdefghijklmnop".to_owned(), "018f3c1e-7b7e-7000-8000-000000000000".to_owned()];
    for (real, unreal) in real.iter().zip(&unreal) {
        let real = browser.go("layerlock.localhost:3443", &format!("/open/{real}")).await;
        let unreal = browser.go("layerlock.localhost:3443", &format!("/open/{unreal}")).await;
        assert_eq!(real.status, 404);
        assert_eq!((real.status, &real.body), (unreal.status, &unreal.body));
    }
    let label = workshop.label().await;
    let mut stranger = workshop.stranger();
    let real = stranger.go(&host(&label), "/").await;
    let unreal = stranger.go(&host("abcdefghijklmnop"), "/").await;
    assert_eq!((real.status, unreal.status), (303.try_into().unwrap(), 303.try_into().unwrap()));
    let without_label = |text: &str| text.replace(&label, "").replace("abcdefghijklmnop", "");
    let path = |text: &str| without_label(text).split("pre=").next().unwrap().to_owned();
    assert_eq!(path(real.location()), path(unreal.location()));
}

// covers: PM-1, PM-3
#[tokio::test]
async fn a_level_below_controls_does_not_open_the_printers_page() {
    let workshop = Workshop::new().await;
    let ben = workshop.other("ben@example.org", Some(Level::Print)).await;
    let mut browser = workshop.signed_in(&ben).await;
    let answer =
        browser.go("layerlock.localhost:3443", &format!("/open/{}", workshop.printer)).await;
    assert_eq!(answer.status, 403);
    assert!(answer.body.contains("may not open"), "{}", answer.body);
}
