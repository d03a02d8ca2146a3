//! Printers that are told apart by ports alone (RL-2): the last resort, and what may not be
//! possible even there.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use edge::Connection;
use http::{Method, Request, header::HOST};
use hub::Config;
use printer::{AgentId, Kind, Level, OsRandom, PrinterId, SystemClock};
use serde_json::Value;
use store::{Account, NewAgent, ReportedPrinter};
use tokio_util::sync::CancellationToken;
use tunnel::Identity;

use crate::{
    browser::{Answer, Browser},
    origins::{follow, open, signed_in_at},
    workshop::{Workshop, until},
};

const FOE: &str = "Foe";

/// A hub that listens, with Ada's two printers.
struct Ports {
    workshop: Workshop,
    dashboard: String,
    printers: [u16; 2],
    stop: CancellationToken,
}

impl Ports {
    async fn open() -> Self {
        let first = free_ports();
        let last = first + 2;
        let text = format!("[origins]\nmdns = false\nports = \"{first}-{last}\"");
        let config: Config = toml::from_str(&text).unwrap();
        let foe = PrinterId::new(&SystemClock::new(), &OsRandom);
        let workshop = Workshop::with_another(config, (foe, FOE, Kind::OctoPrint)).await;
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listeners = edge::bind(any, None).unwrap();
        let https = listeners.addresses().unwrap().https.port();
        let (hub, stop) = (workshop.hub.clone(), CancellationToken::new());
        let shutdown = stop.clone();
        tokio::spawn(async move { hub.serve(listeners, shutdown).await });
        let dashboard = format!("192.168.1.5:{https}");
        let mut ports = Self { workshop, dashboard, printers: [0; 2], stop };
        until(async || ports.listed().await.iter().all(|open| open["url"].is_string())).await;
        let listed = ports.listed().await;
        ports.printers = [0, 1].map(|number: usize| port_in(&listed[number]));
        ports
    }

    /// How Ada's dashboard opens her printers: the friend, whose label the workshop knows, first.
    async fn listed(&self) -> Vec<Value> {
        let mut browser = signed_in_at(&self.workshop, &self.dashboard).await;
        let answer = api(&mut browser, &self.dashboard, "/api/v1/printers").await.json();
        let mut printers = answer.as_array().unwrap().clone();
        printers.sort_by_key(|printer| printer["name"] == FOE);
        printers.into_iter().map(|printer| printer["open"].clone()).collect()
    }

    fn host(&self, number: usize) -> String {
        format!("192.168.1.5:{}", self.printers[number])
    }

    /// Ada's browser at the friend's page.
    async fn ada(&self) -> Browser {
        let mut browser = signed_in_at(&self.workshop, &self.dashboard).await;
        let (hosts, page) = open(&self.workshop, &mut browser, &self.dashboard).await;
        assert_eq!(hosts, [self.dashboard.clone(), self.host(0), self.dashboard.clone()]);
        assert_eq!((page.status.as_u16(), page.body.as_str()), (200, "the printer's page"));
        browser
    }
}

impl Drop for Ports {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Three ports in a row that nobody has, below those that the system gives out by itself.
fn free_ports() -> u16 {
    let begin = u16::try_from(std::process::id() % 2_000).unwrap() * 5;
    let free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    let mut firsts = (20_000 + begin..31_000).step_by(5);
    firsts.find(|first| (*first..first + 3).all(|port| free(&port))).unwrap()
}

fn port_in(open: &Value) -> u16 {
    let url = open["url"].as_str().unwrap();
    url.strip_prefix("https://192.168.1.5:").unwrap().trim_end_matches('/').parse().unwrap()
}

async fn api(browser: &mut Browser, host: &str, path: &str) -> Answer {
    let request = browser.own(Method::GET, host, path);
    browser.send(request, "").await
}

// covers: RL-1, RL-2, RL-5
#[tokio::test]
async fn a_printer_has_a_port_of_its_own_and_a_warning() {
    let ports = Ports::open().await;
    assert_ne!(ports.printers[0], ports.printers[1]);
    for open in ports.listed().await {
        let warning = open["warning"].as_str().unwrap();
        assert!(warning.starts_with("Printers are not separated from each other"), "{warning}");
    }
    ports.ada().await;
    let seen = ports.workshop.side.only();
    assert_eq!(seen.path, "/files");
    assert!(!seen.headers.contains_key("cookie"), "{seen:?}");
    // Who comes from nowhere is sent to the dashboard's own port.
    let bounced = ports.workshop.stranger().go(&ports.host(0), "/").await;
    assert!(bounced.location().starts_with(&format!("https://{}/open/", ports.dashboard)));
}

// covers: RL-5
#[tokio::test]
async fn hub_cookies_of_a_shared_jar_reach_a_printer() {
    let ports = Ports::open().await;
    let mut ada = ports.ada().await;
    ports.workshop.side.forget();
    // Browsers send everything that this host has ever set, whatever the port.
    let dashboard = ada.cookie(&ports.dashboard, "__Host-layerlock").unwrap().to_owned();
    let host = ports.host(0);
    ada.keep(&host, "__Host-layerlock", &dashboard);
    ada.keep(&host, "__Host-ll-abcdefghijklmnop", "another printer's session");
    ada.keep(&host, "__Host-pabcdefghijklmnop-session", "another printer's login");
    ada.keep(&host, "csrf", "another printer's token");
    assert_eq!(ada.go(&host, "/files").await.status, 200);
    let seen = ports.workshop.side.only();
    assert!(!seen.headers.contains_key("cookie"), "{seen:?}");
}

// covers: RL-2, RL-3
#[tokio::test]
async fn port_of_one_printer_answers_for_another_or_for_the_hub() {
    let ports = Ports::open().await;
    let mut ada = ports.ada().await;
    ports.workshop.side.forget();
    let label = ports.workshop.label().await;
    let [friend, foe] = ports.printers;
    let session = ada.cookie(&ports.host(0), &format!("__Host-ll-{label}")).unwrap().to_owned();
    let name = format!("__Host-ll-{label}");
    ada.keep(&ports.host(1), &name, &session);
    let refused = api(&mut ada, &ports.host(1), "/api/job").await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (401, "signed-out"));
    assert_eq!(api(&mut ada, &ports.host(0), "/api/v1/hub").await.body, "the printer's page");
    ports.workshop.side.forget();
    let unused = (friend.min(foe)..=u16::MAX).find(|port| ![friend, foe].contains(port)).unwrap();
    for (port, host) in [
        (foe, format!("192.168.1.5:{friend}")),
        (foe, ports.dashboard.clone()),
        (foe, format!("{label}.localhost:{foe}")),
        (foe, format!("layerlock.localhost:{friend}")),
        (foe, format!("localhost:{foe}")),
        (foe, "192.168.1.5".to_owned()),
        (foe, format!("evil.example:{foe}")),
        (unused, format!("192.168.1.5:{unused}")),
    ] {
        let request = Request::get("/api/v1/hub").header(HOST, &host);
        let request = request.header("cookie", format!("{name}={session}"));
        let mut request = request.body(axum::body::Body::empty()).unwrap();
        let client = [203, 0, 113, 7].into();
        request.extensions_mut().insert(Connection {
            client,
            peer: (client, 50_000).into(),
            local: ([192, 168, 1, 5], port).into(),
            secure: true,
            unlisted_proxy: false,
            untrusted_claim: false,
        });
        let answer = Answer::read(ports.workshop.hub.answer(request).await).await;
        assert_eq!(answer.status, 421, "{host} at {port}: {}", answer.body);
    }
    assert!(ports.workshop.side.seen().is_empty());
}

// covers: RL-2, RL-3
#[tokio::test]
async fn sibling_port_posts_to_moonraker() {
    let ports = Ports::open().await;
    let mut ada = ports.ada().await;
    ports.workshop.side.forget();
    let host = ports.host(0);
    let request = ada
        .request(Method::POST, &host, "/printer/gcode/script?script=M104")
        .header("origin", format!("https://{}", ports.host(1)))
        .header("sec-fetch-site", "same-site");
    assert_eq!(ada.send(request, "").await.code(), "other-origin");
    let request = ada
        .request(Method::POST, &host, "/printer/gcode/script?script=M104")
        .header("origin", format!("https://{}", ports.dashboard));
    assert_eq!(ada.send(request, "").await.code(), "other-origin");
    assert!(ports.workshop.side.seen().is_empty());
}

// covers: RL-2, PM-2
#[tokio::test]
async fn printers_of_different_owners_never_share_a_jar() {
    let ports = Ports::open().await;
    let mut ada = ports.ada().await;
    ports.workshop.side.forget();
    let ben = ports.workshop.other("ben@example.org", None).await;
    lend(&ports.workshop, &ben).await;
    let listed = api(&mut ada, &ports.dashboard, "/api/v1/printers").await.json();
    let controlled = |printer: &&Value| printer["level"] != "view";
    let own: Vec<_> = listed.as_array().unwrap().iter().filter(controlled).collect();
    assert_eq!(own.len(), 2);
    for printer in own {
        let why = printer["open"]["unavailable"].as_str().unwrap();
        assert!(why.contains("printers of different owners"), "{why}");
    }
    let path = format!("/open/{}", ports.workshop.printer);
    let (_, refused) = follow(&mut ada, &ports.dashboard, &path).await;
    assert_eq!(refused.status, 409);
    assert!(refused.body.contains("printers of different owners"), "{}", refused.body);
    // Nor does the session go on that began before.
    let before = api(&mut ada, &ports.host(0), "/api/job").await;
    assert_eq!((before.status.as_u16(), before.code().as_str()), (409, "no-origin"));
    assert!(ports.workshop.side.seen().is_empty());
}

/// Ben has a printer, too, and lets Ada look at it.
async fn lend(workshop: &Workshop, ben: &Account) {
    let (clock, store) = (SystemClock::new(), workshop.hub.store());
    let key = Identity::generate().unwrap().public_key().as_spki().to_vec();
    let id = AgentId::new(&clock, &OsRandom);
    let name = "Bens".parse().unwrap();
    let now = printer::Clock::now(&clock);
    let agent = store.link_agent(&NewAgent { id, owner: Some(ben.id), name, key }, now).await;
    let printer = PrinterId::new(&clock, &OsRandom);
    let report = ReportedPrinter {
        id: printer,
        name: "Bens printer".parse().unwrap(),
        kind: Kind::OctoPrint,
    };
    let label = || "bensbensbensbens".to_owned();
    store.report_printers(&agent.unwrap(), &[report], &label, now).await.unwrap();
    workshop.grant_on(printer, workshop.ada.id, Level::View).await;
}
