//! Whose cookies reach a printer, and what its own may do (RL-5).

use http::Method;

use crate::{browser::Browser, sockets::shake_hands, workshop::Workshop};

/// A visitor at the printer's own page, which has signed them in there.
struct SignedIn {
    workshop: Workshop,
    browser: Browser,
    label: String,
    host: String,
}

impl SignedIn {
    async fn new() -> Self {
        let workshop = Workshop::new().await;
        let mut browser = workshop.ada_at_the_printer().await;
        let label = workshop.label().await;
        let host = format!("{label}.localhost:3443");
        workshop.side.says(&[
            ("set-cookie", "session_P3443=.eJ|x==; HttpOnly; Path=/; SameSite=Lax"),
            ("set-cookie", "csrf_token_P3443=a|b; Path=/"),
        ]);
        browser.go(&host, "/").await;
        workshop.side.says(&[]);
        workshop.side.forget();
        Self { workshop, browser, label, host }
    }

    /// The cookies with which the printer gets a request of its own page.
    async fn reach(&mut self) -> String {
        self.workshop.side.forget();
        let answer = self.browser.go(&self.host, "/").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let seen = self.workshop.side.only();
        let fields: Vec<_> = seen.headers.get_all("cookie").iter().collect();
        assert!(fields.len() <= 1);
        fields.first().map(|field| field.to_str().unwrap().to_owned()).unwrap_or_default()
    }
}

/// In the order of the browser's names.
const OWN: &str = "session_P3443=.eJ|x==; csrf_token_P3443=a|b";

// covers: RL-4, RL-5
#[tokio::test]
async fn a_printers_cookies_come_back_to_it_under_their_own_names() {
    let mut ada = SignedIn::new().await;
    let hidden = format!("__Host-p{}-session_P3443", ada.label);
    assert_eq!(ada.browser.cookie(&ada.host, &hidden), Some(".eJ|x=="));
    assert_eq!(ada.browser.cookie(&ada.host, "csrf_token_P3443"), Some("a|b"));
    assert_eq!(ada.browser.cookie(&ada.host, "session_P3443"), None);
    assert_eq!(ada.reach().await, OWN);

    let removal = "session_P3443=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/";
    ada.workshop.side.says(&[("set-cookie", removal)]);
    ada.browser.go(&ada.host, "/logout").await;
    ada.workshop.side.says(&[]);
    assert_eq!(ada.browser.cookie(&ada.host, &hidden), None);
    ada.browser.keep(&ada.host, &hidden, "revived");
    assert_eq!(ada.reach().await, "csrf_token_P3443=a|b");
}

// covers: RL-5
#[tokio::test]
async fn hub_cookies_never_reach_a_printer() {
    let mut ada = SignedIn::new().await;
    ada.browser.keep(&ada.host, "__Host-layerlock", "stray");
    ada.browser.keep(&ada.host, "__Host-ll-abcdefghijklmnop", "stray");
    ada.browser.keep(&ada.host, "__Host-ll-pre-abcdefghijklmnop", "stray");
    assert_eq!(ada.reach().await, OWN);
}

// covers: RL-5
#[tokio::test]
async fn printer_b_login_cookie_reaches_printer_a() {
    let mut ada = SignedIn::new().await;
    ada.browser.keep(&ada.host, "remember_token_P7002", "b");
    ada.browser.keep(&ada.host, "__Host-pabcdefghijklmnop-session_P3443", "b");
    assert_eq!(ada.reach().await, OWN);
}

// covers: RL-5
#[tokio::test]
async fn cookies_of_an_earlier_session_do_not_reach_the_printer() {
    let mut ada = SignedIn::new().await;
    let ben = ada.workshop.other("ben@example.org", Some(printer::Level::Controls)).await;
    let mut same_machine = ada.workshop.signed_in(&ben).await;
    for name in [&format!("__Host-p{}-session_P3443", ada.label), "csrf_token_P3443"] {
        let value = ada.browser.cookie(&ada.host, name).unwrap();
        same_machine.keep(&ada.host, name, value);
    }
    same_machine.enter(&ada.label, "/").await;
    ada.browser = same_machine;
    assert_eq!(ada.reach().await, "");
}

// covers: RL-5
#[tokio::test]
async fn domain_cookie_tossed_by_printer() {
    let mut ada = SignedIn::new().await;
    let page = {
        ada.workshop.side.says(&[("set-cookie", "session_P3443=TOSSED; Domain=localhost")]);
        ada.browser.go(&ada.host, "/").await
    };
    assert!(!page.headers.contains_key("set-cookie"));
    ada.workshop.side.says(&[]);
    // A sibling's script may have tossed these; browsers show both.
    ada.browser.keep(&ada.host, "session_P3443", "TOSSED");
    let request = ada.browser.navigation(&ada.host, "/");
    let request = request.header("cookie", "csrf_token_P3443=TOSSED");
    ada.workshop.side.forget();
    assert_eq!(ada.browser.send(request, "").await.status, 200);
    assert_eq!(ada.workshop.side.only().headers["cookie"], "session_P3443=.eJ|x==");
}

// covers: RL-5
#[tokio::test]
async fn cookie_bomb_from_printer() {
    let mut ada = SignedIn::new().await;
    for place in [ada.host.clone(), "layerlock.localhost:3443".to_owned()] {
        for number in 0..140 {
            ada.browser.keep(&place, &format!("bomb{number:03}"), &"x".repeat(1000));
        }
        ada.browser.keep(&place, "bomb-of-no-text", "\u{fffd}");
    }
    assert_eq!(ada.reach().await, OWN);
    let own = ada.browser.own(Method::GET, "layerlock.localhost:3443", "/api/v1/session");
    assert_eq!(ada.browser.send(own, "").await.status, 200);
}

// covers: RL-5
#[tokio::test]
async fn cookies_of_the_printer_itself_exceed_the_header() {
    let mut ada = SignedIn::new().await;
    let own = (0..10).map(|number| format!("own{number}=1; Path=/")).collect();
    ada.workshop.side.says(&set_cookies(own));
    ada.browser.go(&ada.host, "/").await;
    for number in 0..10 {
        ada.browser.keep(&ada.host, &format!("own{number}"), &"x".repeat(4000));
    }
    ada.workshop.side.forget();
    assert_eq!(ada.browser.go(&ada.host, "/").await.status, 400);
    assert!(ada.workshop.side.seen().is_empty());
    ada.browser.keep(&ada.host, "own1", "short");
    ada.browser.keep(&ada.host, "own2", "short");
    ada.browser.keep(&ada.host, "own3", "short");
    assert_eq!(ada.browser.go(&ada.host, "/").await.status, 200);
}

// covers: RL-5
#[tokio::test]
async fn cookie_jar_flood_replaces_session() {
    let mut ada = SignedIn::new().await;
    let session = format!("__Host-ll-{}", ada.label);
    let before = ada.browser.cookie(&ada.host, &session).unwrap().to_owned();
    let mut passed = 0;
    for wave in 0..4 {
        let mut flood: Vec<_> =
            (0..100).map(|number| format!("flood{wave}-{number}=1; Path=/")).collect();
        flood.push(format!("{session}=ATTACKER; Path=/; Secure"));
        flood.push("__Host-layerlock=ATTACKER; Path=/; Secure".to_owned());
        ada.workshop.side.says(&set_cookies(flood));
        let page = ada.browser.go(&ada.host, "/").await;
        assert_eq!(page.status, 200);
        passed += page.headers.get_all("set-cookie").iter().count();
    }
    ada.workshop.side.says(&[]);
    assert_eq!(passed, store::PrinterCookie::MAX_COUNT - 2);
    assert_eq!(ada.browser.cookie(&ada.host, &session), Some(before.as_str()));
    assert_eq!(ada.browser.cookie(&ada.host, "__Host-layerlock"), None);
    assert!(ada.reach().await.starts_with(OWN));
}

/// Answers' headers live as long as the test.
fn set_cookies(cookies: Vec<String>) -> Vec<(&'static str, &'static str)> {
    cookies.into_iter().map(|set| ("set-cookie", &*Box::leak(set.into_boxed_str()))).collect()
}

// covers: RL-5
#[tokio::test]
async fn a_websocket_carries_and_sets_the_printers_cookies_only() {
    let mut ada = SignedIn::new().await;
    ada.browser.keep(&ada.host, "foreign", "1");
    ada.workshop.side.says(&[
        ("set-cookie", "__Host-layerlock=ATTACKER; Path=/; Secure"),
        ("set-cookie", "socket=1; HttpOnly"),
    ]);
    let origin = format!("https://{}", ada.host);
    let opened = shake_hands(&ada.workshop, &ada.browser, "/socket", Some(&origin)).await;
    let (_socket, answer) = opened.unwrap();
    let set: Vec<_> = answer.headers().get_all("set-cookie").iter().collect();
    assert_eq!(set, [&format!("__Host-p{}-socket=1; Path=/; Secure; HttpOnly", ada.label)]);
    assert_eq!(ada.workshop.side.only().headers["cookie"], OWN);
}
