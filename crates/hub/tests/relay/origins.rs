//! A printer's origin under each kind of name (RL-2): how a person gets there and back, and every
//! way to be led astray by a name.

use http::{Method, header::CONTENT_TYPE};
use hub::Config;
use printer::Timestamp;
use serde_json::json;

use crate::{
    browser::{Answer, Browser, Fragment},
    workshop::Workshop,
};

const LAN: &str = "192.168.1.5:3443";
const PUBLIC: &str = "hub.example:3443";

fn config(text: &str) -> Config {
    toml::from_str(text).unwrap()
}

async fn in_the_lan() -> Workshop {
    Workshop::with(config("names = [\"workshop.local\"]")).await
}

async fn with_a_domain() -> Workshop {
    let text = "names = [\"hub.example\"]\n[origins]\ndomain = \"printers.example\"\n";
    Workshop::with(config(text)).await
}

/// Ada's browser, signed in at a dashboard of this name.
pub(crate) async fn signed_in_at(workshop: &Workshop, dashboard: &str) -> Browser {
    let mut browser = workshop.signed_in(&workshop.ada).await;
    let session =
        browser.cookie("layerlock.localhost:3443", "__Host-layerlock").unwrap().to_owned();
    browser.keep("layerlock.localhost:3443", "__Host-layerlock", "");
    browser.keep(dashboard, "__Host-layerlock", &session);
    browser
}

fn split(location: &str) -> (String, String) {
    let rest = location.strip_prefix("https://").unwrap();
    let (host, path) = rest.split_at(rest.find('/').unwrap());
    (host.to_owned(), path.to_owned())
}

/// Follows redirects as a browser does, as far as our page that redeems tickets.
pub(crate) async fn follow(browser: &mut Browser, host: &str, path: &str) -> (Vec<String>, Answer) {
    let mut hosts = vec![host.to_owned()];
    let mut answer = browser.go(host, path).await;
    while answer.status == 303 && !answer.location().contains("#ticket=") {
        let here = hosts.last().unwrap().clone();
        let location = answer.location().to_owned();
        let relative = location.starts_with('/');
        let (host, path) = if relative { (here, location) } else { split(&location) };
        answer = browser.go(&host, &path).await;
        hosts.push(host);
        assert!(hosts.len() < 10, "a circle: {hosts:?}");
    }
    (hosts, answer)
}

/// Opens the printer at a dashboard, and returns the hosts on the way and the printer's page.
pub(crate) async fn open(
    workshop: &Workshop,
    browser: &mut Browser,
    at: &str,
) -> (Vec<String>, Answer) {
    let open = format!("/open/{}?next=%2Ffiles", workshop.printer);
    let (hosts, entrance) = follow(browser, at, &open).await;
    let host = hosts[1].clone();
    let fragment = entrance.fragment(&host);
    assert_eq!(browser.redeem(&host, &fragment).await.json()["next"], "/files");
    (hosts, browser.go(&host, "/files").await)
}

// covers: RL-1, RL-2
#[tokio::test]
async fn a_phone_in_the_lan_reaches_the_printer_by_its_published_name() {
    let workshop = in_the_lan().await;
    let printer = format!("ll-{}.local:3443", workshop.label().await);
    for dashboard in [LAN, "workshop.local:3443"] {
        let mut browser = signed_in_at(&workshop, dashboard).await;
        let (hosts, page) = open(&workshop, &mut browser, dashboard).await;
        assert_eq!(hosts, [dashboard, printer.as_str(), dashboard]);
        assert_eq!((page.status.as_u16(), page.body.as_str()), (200, "the printer's page"));
    }
}

// covers: RL-1, RL-2
#[tokio::test]
async fn a_printer_has_a_name_under_the_configured_domain() {
    let workshop = with_a_domain().await;
    let printer = format!("{}.printers.example:3443", workshop.label().await);
    for dashboard in [PUBLIC, LAN] {
        let mut browser = signed_in_at(&workshop, dashboard).await;
        let (hosts, page) = open(&workshop, &mut browser, dashboard).await;
        assert_eq!(hosts, [dashboard, printer.as_str(), dashboard]);
        assert_eq!(page.status, 200);
    }
    // Who comes from nowhere is sent to the one dashboard that the operator named first.
    let bounced = workshop.stranger().go(&printer, "/").await;
    assert!(bounced.location().starts_with("https://hub.example:3443/open/"));
}

// covers: RL-2
#[tokio::test]
async fn who_has_been_there_needs_no_new_ticket() {
    let workshop = in_the_lan().await;
    let mut browser = signed_in_at(&workshop, LAN).await;
    let (hosts, _) = open(&workshop, &mut browser, LAN).await;
    let again = browser.go(&hosts[1], "/.layerlock/start?from=192.168.1.5&next=%2Fa").await;
    assert_eq!((again.status.as_u16(), again.location()), (303, "/a"));
}

// covers: RL-2, SV-3
#[tokio::test]
async fn redirect_to_a_foreign_dashboard() {
    for (workshop, host, home) in [
        (in_the_lan().await, "ll-LABEL.local:3443", "https://192.168.1.5:3443/open/"),
        (with_a_domain().await, "LABEL.printers.example:3443", "https://hub.example:3443/open/"),
        (in_the_lan().await, "LABEL.localhost:3443", "https://layerlock.localhost:3443/open/"),
    ] {
        let host = host.replace("LABEL", &workshop.label().await);
        for evil in [
            "evil.example",
            "hub.example@evil.example",
            "hub.example.evil.example",
            "192.168.1.6",
            "evil.local",
            "localhost:9999",
            "localhost%2F.evil.example",
            "%0d%0aevil.example",
            "",
        ] {
            let start = format!("/.layerlock/start?from={evil}&next=%2F%2Fevil.example");
            let bounced = workshop.stranger().go(&host, &start).await;
            assert!(bounced.location().starts_with(home), "{evil}: {}", bounced.location());
            assert!(bounced.location().ends_with("&next=%2F"), "{evil}");
        }
    }
}

// covers: RL-2, SV-3
#[tokio::test]
async fn another_sites_page_starts_a_visit() {
    let workshop = in_the_lan().await;
    let host = format!("ll-{}.local:3443", workshop.label().await);
    for (mode, destination) in [("no-cors", "image"), ("navigate", "iframe"), ("cors", "empty")] {
        let mut browser = workshop.stranger();
        let request = browser
            .request(Method::GET, &host, "/.layerlock/start?from=192.168.1.5")
            .header("sec-fetch-site", "cross-site")
            .header("sec-fetch-mode", mode)
            .header("sec-fetch-dest", destination);
        let answer = browser.send(request, "").await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (403, "not-a-navigation"));
    }
}

// covers: RL-2, SV-3
#[tokio::test]
async fn host_confusion() {
    let (lan, domain) = (in_the_lan().await, with_a_domain().await);
    let off = Workshop::with(config("[origins]\nmdns = false")).await;
    for (workshop, hosts) in [
        (&lan, vec!["LABEL.printers.example", "ll-LABEL.local.evil.example", "ll-evil.local"]),
        (&domain, vec!["LABEL.evil.example", "LABEL.x.printers.example", "ll-LABEL.local"]),
        (&off, vec!["ll-LABEL.local", "LABEL.local", "evil.local"]),
    ] {
        let label = workshop.label().await;
        let mut browser = workshop.ada_at_the_printer().await;
        for host in hosts {
            let host = format!("{}:3443", host.replace("LABEL", &label));
            let session =
                browser.cookie(&format!("{label}.localhost:3443"), &format!("__Host-ll-{label}"));
            let session = session.unwrap().to_owned();
            browser.keep(&host, &format!("__Host-ll-{label}"), &session);
            let answer = browser.send(browser.own(Method::GET, &host, "/"), "").await;
            assert_eq!((answer.status.as_u16(), answer.code().as_str()), (421, "unknown-host"));
        }
        assert!(workshop.side.seen().is_empty());
    }
}

// covers: RL-2, RL-3
#[tokio::test]
async fn ticket_of_one_origin_at_another() {
    for (workshop, dashboard, other) in [
        (in_the_lan().await, LAN, "LABEL.localhost:3443"),
        (with_a_domain().await, PUBLIC, "LABEL.localhost:3443"),
        (with_a_domain().await, "layerlock.localhost:3443", "LABEL.printers.example:3443"),
        (in_the_lan().await, "layerlock.localhost:3443", "ll-LABEL.local:3443"),
    ] {
        let label = workshop.label().await;
        let other = other.replace("LABEL", &label);
        let mut browser = signed_in_at(&workshop, dashboard).await;
        let open = format!("/open/{}", workshop.printer);
        let (hosts, entrance) = follow(&mut browser, dashboard, &open).await;
        let Fragment { ticket, .. } = entrance.fragment(&hosts[1]);
        let name = format!("__Host-ll-pre-{label}");
        let pre = browser.cookie(&hosts[1], &name).unwrap().to_owned();
        browser.keep(&other, &name, &pre);
        let stolen = Fragment { ticket, next: "/".to_owned() };
        assert_eq!(browser.redeem(&other, &stolen).await.code(), "invalid-ticket", "{other}");
    }
}

// covers: RL-2, RL-3
#[tokio::test]
async fn label_of_a_removed_printer() {
    for (workshop, dashboard) in [(in_the_lan().await, LAN), (with_a_domain().await, PUBLIC)] {
        let mut browser = signed_in_at(&workshop, dashboard).await;
        let (hosts, page) = open(&workshop, &mut browser, dashboard).await;
        assert_eq!(page.status, 200);
        let mut late = signed_in_at(&workshop, dashboard).await;
        let (_, entrance) =
            follow(&mut late, dashboard, &format!("/open/{}", workshop.printer)).await;
        let fragment = entrance.fragment(&hosts[1]);
        let label = || unreachable!("no new printer");
        let now = Timestamp::from_unix_micros(1_800_000_000_000_000);
        workshop.hub.store().report_printers(&workshop.agent, &[], &label, now).await.unwrap();
        workshop.side.forget();
        let (_, gone) = follow(&mut browser, &hosts[1], "/files").await;
        assert_eq!(gone.status, 404, "the session is worth nothing");
        assert_eq!(late.redeem(&hosts[1], &fragment).await.code(), "invalid-ticket");
        assert!(workshop.side.seen().is_empty());
    }
}

// covers: RL-2
#[tokio::test]
async fn without_any_name_for_printers_the_dashboard_says_so() {
    let config = config("names = [\"hub.example\"]");
    let workshop = Workshop::with(config).await;
    let mut browser = signed_in_at(&workshop, PUBLIC).await;
    let answer = browser.go(PUBLIC, &format!("/open/{}", workshop.printer)).await;
    assert_eq!(answer.status, 409);
    assert!(answer.body.contains("domain of their own"), "{}", answer.body);
}

// covers: RL-2, RL-3
#[tokio::test]
async fn a_ticket_shown_as_a_form_of_another_site() {
    let workshop = in_the_lan().await;
    let mut browser = signed_in_at(&workshop, LAN).await;
    let (hosts, entrance) = follow(&mut browser, LAN, &format!("/open/{}", workshop.printer)).await;
    let fragment = entrance.fragment(&hosts[1]);
    let body = json!({ "ticket": fragment.ticket, "next": "/" }).to_string();
    for origin in ["https://ll-zzzzzzzzzzzzzzzz.local:3443", "https://192.168.1.5:3443"] {
        let request = browser
            .request(Method::POST, &hosts[1], "/.layerlock/redeem")
            .header("origin", origin)
            .header(CONTENT_TYPE, "application/json");
        assert_eq!(browser.send(request, body.clone()).await.code(), "other-origin");
    }
}
