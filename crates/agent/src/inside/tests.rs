//! What a hostile hub, a hostile printer or a hostile visitor tries, against real sockets.

use std::{net::SocketAddr, time::Duration};

use forward::empty;
use http::HeaderValue;
use http_body_util::BodyExt;
use printer::{AccountId, Level, OsRandom, PrinterId, SessionId, SystemClock};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::timeout,
};
use wire::{HelloAnswer, RELAYED_HEADER, Relayed, Report};

use super::{bulk::Asks, *};
use crate::{Printers, choices::Choices, hub_keys::HubKeys};

pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// The clock of an agent that has been running for an hour.
struct AnHourIn(SystemClock);

impl Clock for AnHourIn {
    fn now(&self) -> printer::Timestamp {
        self.0.now()
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic() + Duration::from_hours(1)
    }
}

/// The owner of all printers has accepted that they ask for no login.
pub(crate) const ACCEPTED: &str = "[ID]\naccepted = true\n";

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

const REFUSED: &str = "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n";

/// A printer on this machine that asks strangers for a login, answers everybody else with
/// `answer`, and tells the heads of the requests that aren't the agent's own.
pub(crate) async fn fake_printer(
    answer: &'static str,
) -> (SocketAddr, mpsc::UnboundedReceiver<String>) {
    fake(answer, REFUSED).await
}

/// The same, but it lets strangers in.
pub(crate) async fn fake_open_printer() -> (SocketAddr, mpsc::UnboundedReceiver<String>) {
    fake(OK, OK).await
}

async fn fake(
    answer: &'static str,
    for_strangers: &'static str,
) -> (SocketAddr, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (asked, questions) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer_all(stream, [answer, for_strangers], asked.clone()));
        }
    });
    (address, questions)
}

async fn answer_all(
    mut stream: TcpStream,
    [answer, for_strangers]: [&str; 2],
    asked: mpsc::UnboundedSender<String>,
) {
    let mut head = Vec::new();
    while let Ok(byte) = stream.read_u8().await {
        head.push(byte);
        if head.ends_with(b"\r\n\r\n") {
            let text = String::from_utf8(std::mem::take(&mut head)).unwrap();
            let checks = text.contains("host: printer.invalid\r\n");
            if !checks && !text.starts_with("GET / ") {
                let _ = asked.send(text);
            }
            let answer = if checks { for_strangers } else { answer };
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    }
}

/// The inside of an agent with these printers, once all of them are online.
pub(crate) async fn inside(urls: &[String]) -> (Inside, Vec<PrinterId>) {
    inside_with(urls, "").await
}

/// The same with what the printers' owner decided: `locks.toml` with `[ID]` for each printer's id.
pub(crate) async fn inside_with(urls: &[String], decided: &str) -> (Inside, Vec<PrinterId>) {
    let mut printers = Printers::default();
    for url in urls {
        let new = format!("octoprint={url}").parse().unwrap();
        printers.add(new, &SystemClock::new(), &OsRandom).unwrap();
    }
    let clock = Arc::new(AnHourIn(SystemClock::new()));
    let supervisor = Supervisor::new(clock.clone());
    let ids: Vec<_> = printers.entries().iter().map(|entry| entry.id).collect();
    let choices: String =
        ids.iter().map(|id| decided.replace("[ID]", &format!("[{id}]"))).collect();
    supervisor.apply(&printers, &Choices::parse(&choices).unwrap());
    let all_online = |report: &Report| report.printers.iter().all(|printer| printer.online);
    let mut reports = supervisor.reports();
    timeout(DEADLINE, reports.wait_for(all_online)).await.expect("not online").unwrap();
    let home = crate::Home::open(tempfile::tempdir().unwrap().path()).unwrap();
    let hub_keys = HubKeys::new(home, tunnel::Fingerprint::from_bytes([0; 32])).unwrap();
    let inside = Inside {
        hub_keys,
        printers: supervisor,
        name: "workshop".parse().unwrap(),
        greeted: watch::Sender::new(None),
        succeeds: None,
        moved: CancellationToken::new(),
        memory: Arc::new(Memory::new(clock, Arc::new(OsRandom), 7)),
        second: Second::Asked(Asks::new().0),
        held: Held::new(Arc::new(OsRandom)),
        stopping: CancellationToken::new(),
    };
    (inside, ids)
}

pub(crate) fn relayed() -> Relayed {
    let clock = SystemClock::new();
    Relayed {
        account: AccountId::new(&clock, &OsRandom),
        level: Level::Controls,
        lease: SessionId::new(&clock, &OsRandom),
        host: "abc.localhost:3443".to_owned(),
        client: [8, 8, 4, 4].into(),
        stamp: None,
        bulk: false,
    }
}

pub(crate) fn visit(authority: &str, path: &str, relayed: &Relayed) -> Request<Body> {
    Request::builder()
        .uri(format!("https://{authority}{path}"))
        .header(RELAYED_HEADER, relayed.encode())
        .body(empty())
        .unwrap()
}

pub(crate) async fn answer(inside: &Inside, request: Request<Body>) -> Response<Body> {
    timeout(DEADLINE, inside.clone().answer(request)).await.expect("no answer")
}

pub(crate) fn code(response: &Response<Body>) -> &str {
    response.headers().get(ERROR_HEADER).map_or("", |code| code.to_str().unwrap())
}

/// The lines of a head that begin with a name.
fn lines<'a>(head: &'a str, name: &str) -> Vec<&'a str> {
    let prefix = format!("{name}: ");
    head.split("\r\n").filter_map(|line| line.strip_prefix(&prefix)).collect()
}

// covers: RL-1, RL-5
#[tokio::test]
async fn a_visitors_request_reaches_the_printer_as_if_it_stood_at_the_hub() {
    let (address, mut questions) = fake_printer(OK).await;
    let (inside, ids) = inside(&[format!("http://{address}")]).await;
    let mut request = visit(&wire::printer_authority(ids[0]), "/api/job?x=1", &relayed());
    let forged =
        ["x-forwarded-for", "x-script-name", "x-real-ip", "x_forwarded_for", "remote-user"];
    for name in forged {
        request.headers_mut().insert(name, HeaderValue::from_static("127.0.0.1"));
    }
    request.headers_mut().insert("x-api-key", HeaderValue::from_static("printers-own"));
    request.headers_mut().insert("host", HeaderValue::from_static("evil.example"));
    assert_eq!(answer(&inside, request).await.status(), 200);
    let head = questions.recv().await.unwrap();
    assert!(head.starts_with("GET /api/job?x=1 HTTP/1.1\r\n"), "{head}");
    for (name, expected) in [
        ("host", &["abc.localhost:3443"][..]),
        ("x-forwarded-host", &["abc.localhost:3443"]),
        ("x-forwarded-proto", &["https"]),
        ("x-scheme", &["https"]),
        ("x-forwarded-for", &["8.8.4.4"]),
        ("x-real-ip", &["8.8.4.4"]),
        ("x-api-key", &["printers-own"]),
        ("x-script-name", &[]),
        ("x_forwarded_for", &[]),
        ("remote-user", &[]),
    ] {
        assert_eq!(lines(&head, name), expected, "{name} in {head}");
    }
}

// covers: RL-5
#[tokio::test]
async fn relay_header_never_reaches_the_printer() {
    let (address, mut questions) = fake_printer(OK).await;
    let (inside, ids) = inside(&[format!("http://{address}")]).await;
    let authority = wire::printer_authority(ids[0]);
    let mut request = visit(&authority, "/a", &relayed());
    request.headers_mut().insert("layerlock-anything", HeaderValue::from_static("x"));
    answer(&inside, request).await;
    let head = questions.recv().await.unwrap();
    assert!(!head.contains("layerlock"), "{head}");

    let mut without = visit(&authority, "/b", &relayed());
    without.headers_mut().remove(RELAYED_HEADER);
    let mut garbage = visit(&authority, "/b", &relayed());
    garbage.headers_mut().insert(RELAYED_HEADER, HeaderValue::from_static("{}"));
    let mut twice = visit(&authority, "/b", &relayed());
    let second = HeaderValue::from_str(&relayed().encode()).unwrap();
    twice.headers_mut().append(RELAYED_HEADER, second);
    for request in [without, garbage, twice] {
        let refused = answer(&inside, request).await;
        assert_eq!((refused.status().as_u16(), code(&refused)), (400, "relay-header"));
    }
    assert!(questions.try_recv().is_err());
}

// covers: RL-5
#[tokio::test]
async fn hub_claims_lan_client_address() {
    let (address, mut questions) = fake_printer(OK).await;
    let (inside, ids) = inside(&[format!("http://{address}")]).await;
    for claimed in ["192.168.1.5", "127.0.0.1", "::1", "::ffff:10.0.0.1", "fe80::1", "0.0.0.0"] {
        let relayed = Relayed { client: claimed.parse().unwrap(), ..relayed() };
        answer(&inside, visit(&wire::printer_authority(ids[0]), "/a", &relayed)).await;
        let head = questions.recv().await.unwrap();
        assert_eq!(lines(&head, "x-forwarded-for"), ["192.0.2.1"], "{claimed}");
        assert_eq!(lines(&head, "x-real-ip"), ["192.0.2.1"], "{claimed}");
    }
}

// covers: RL-8
#[tokio::test]
async fn agent_reaches_only_configured_printers() {
    let (printer, _) = fake_printer(OK).await;
    let (neighbour, mut questions) = fake_printer(OK).await;
    let (inside, ids) = inside(&[format!("http://{printer}")]).await;
    let stranger = PrinterId::new(&SystemClock::new(), &OsRandom);
    let own = wire::printer_authority(ids[0]);
    for (authority, status, expected) in [
        (neighbour.to_string(), 404, "no-such-route"),
        (format!("{neighbour}.printer.internal"), 404, "no-such-route"),
        ("localhost".to_owned(), 404, "no-such-route"),
        ("printer.internal".to_owned(), 404, "no-such-route"),
        (wire::printer_authority(stranger), 404, "unknown-printer"),
    ] {
        let refused = answer(&inside, visit(&authority, "/a", &relayed())).await;
        assert_eq!((refused.status().as_u16(), code(&refused)), (status, expected), "{authority}");
    }
    let mut elsewhere = visit(&own, "/a", &relayed());
    let host = HeaderValue::from_str(&neighbour.to_string()).unwrap();
    elsewhere.headers_mut().insert("host", host);
    assert_eq!(answer(&inside, elsewhere).await.status(), 200);
    let relayed = Relayed { host: neighbour.to_string(), ..relayed() };
    assert_eq!(answer(&inside, visit(&own, "/a", &relayed)).await.status(), 200);
    assert!(questions.try_recv().is_err(), "the neighbour was asked");
}

// covers: RL-8
#[tokio::test]
async fn printer_redirects_agent_to_router() {
    let (router, mut questions) = fake_printer(OK).await;
    let answered =
        format!("HTTP/1.1 307 X\r\nlocation: http://{router}/admin\r\ncontent-length: 0\r\n\r\n");
    let (printer, _) = fake_printer(answered.leak()).await;
    let (inside, ids) = inside(&[format!("http://{printer}")]).await;
    let passed = answer(&inside, visit(&wire::printer_authority(ids[0]), "/a", &relayed())).await;
    assert_eq!(passed.status(), 307);
    assert!(questions.try_recv().is_err(), "the redirect was followed");
}

// covers: PM-3
#[tokio::test]
async fn hub_relays_for_a_viewer() {
    let (address, mut questions) = fake_printer(OK).await;
    let (inside, ids) = inside(&[format!("http://{address}")]).await;
    for level in [Level::View, Level::Queue, Level::Print] {
        let relayed = Relayed { level, ..relayed() };
        for page in ["/", "/a", "/static/app.js", "/api/settings"] {
            let refused =
                answer(&inside, visit(&wire::printer_authority(ids[0]), page, &relayed)).await;
            assert_eq!((refused.status().as_u16(), code(&refused)), (403, "not-allowed"));
        }
    }
    assert!(questions.try_recv().is_err());
}

// covers: RL-8
#[tokio::test]
async fn visitor_climbs_out_of_a_route() {
    let (address, mut questions) = fake_printer(OK).await;
    let (inside, ids) = inside(&[format!("http://{address}/octoprint/")]).await;
    for path in ["/../api", "/%2e%2e/api", "/..%2fapi", "/a/..;/..;/api"] {
        let visit = visit(&wire::printer_authority(ids[0]), path, &relayed());
        let refused = answer(&inside, visit).await;
        assert_eq!((refused.status().as_u16(), code(&refused)), (400, "bad-request"), "{path}");
    }
    while let Ok(head) = questions.try_recv() {
        assert!(head.starts_with("GET /octoprint/ HTTP/1.1\r\n"), "{head}");
    }
}

// covers: RL-5
#[tokio::test]
async fn host_of_the_visitor_is_no_host() {
    let (address, _questions) = fake_printer(OK).await;
    let (inside, ids) = inside(&[format!("http://{address}")]).await;
    for host in ["", "a b", "a\r\nx: y", "a@b", "a/b"] {
        let relayed = Relayed { host: host.to_owned(), ..relayed() };
        let refused =
            answer(&inside, visit(&wire::printer_authority(ids[0]), "/a", &relayed)).await;
        assert_eq!((refused.status().as_u16(), code(&refused)), (400, "bad-request"), "{host:?}");
    }
}

// covers: RL-7
#[tokio::test]
async fn printer_poses_as_the_agent() {
    let forged =
        "HTTP/1.1 502 X\r\nlayerlock-agent-error: printer-offline\r\ncontent-length: 0\r\n\r\n";
    let (honest, mut gone) = fake_printer(OK).await;
    let (inside, ids) = inside(&[format!("http://{honest}")]).await;
    let request = || visit(&wire::printer_authority(ids[0]), "/a", &relayed());
    assert_eq!(answer(&inside, request()).await.status(), 200);
    gone.recv().await.unwrap();

    let (liar, _questions) = fake_printer(forged).await;
    let mut printers = Printers::default();
    let new = format!("octoprint=http://{liar}").parse().unwrap();
    let id = printers.add(new, &SystemClock::new(), &OsRandom).unwrap().id;
    let accepted = ACCEPTED.replace("[ID]", &format!("[{id}]"));
    inside.printers.apply(&printers, &Choices::parse(&accepted).unwrap());
    let known = || inside.printers.find(id).and_then(|member| member.targets()).is_some();
    let resolved = async {
        while !known() {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, resolved).await.unwrap();
    let passed = answer(&inside, visit(&wire::printer_authority(id), "/a", &relayed())).await;
    assert_eq!((passed.status().as_u16(), code(&passed)), (502, ""));
    let removed = answer(&inside, request()).await;
    assert_eq!((removed.status().as_u16(), code(&removed)), (404, "unknown-printer"));
}

// covers: RL-1
#[tokio::test]
async fn the_hub_is_greeted_and_hears_every_change() {
    let (address, _questions) = fake_printer(OK).await;
    let (inside, ids) = inside(&[format!("http://{address}")]).await;
    let hello = format!("{{\"protocol\":{},\"version\":\"9\"}}", wire::PROTOCOL);
    let greeting = |body: String| {
        Request::builder()
            .method(Method::POST)
            .uri("https://agent.internal/v1/hello")
            .body(forward::full(body))
            .unwrap()
    };
    let greeted = answer(&inside, greeting(hello)).await;
    let body = greeted.into_body().collect().await.unwrap().to_bytes();
    let said: HelloAnswer = serde_json::from_slice(&body).unwrap();
    assert_eq!((said.protocol, said.name.as_str()), (wire::PROTOCOL, "workshop"));
    assert_eq!(*inside.greeted.borrow(), Some(Ok(())));
    let long = "x".repeat(wire::MAX_MESSAGE + 1);
    for body in ["{".to_owned(), long] {
        assert_eq!(answer(&inside, greeting(body)).await.status(), 400);
    }

    let request = Request::get("https://agent.internal/v1/events").body(empty()).unwrap();
    let mut events = answer(&inside, request).await.into_body();
    assert_eq!(next_report(&mut events).await.printers[0].id, ids[0]);
    inside.printers.apply(&Printers::default(), &Choices::default());
    let empty = next_report(&mut events).await;
    assert_eq!((empty.printers, empty.tick.unwrap().run), (Vec::new(), said.tick.run));
    inside.stopping.cancel();
    assert!(timeout(DEADLINE, events.frame()).await.unwrap().is_none());
}

async fn next_report(events: &mut Body) -> Report {
    let line = timeout(DEADLINE, events.frame()).await.unwrap().unwrap().unwrap();
    serde_json::from_slice(&line.into_data().unwrap()).unwrap()
}

// covers: RL-8
#[tokio::test]
async fn own_routes_answer_under_their_own_authority_only() {
    let (address, _questions) = fake_printer(OK).await;
    let (inside, _) = inside(&[format!("http://{address}")]).await;
    for uri in ["https://other/v1/events", "/v1/events", "https://agent.internal/v1/other"] {
        let request = Request::get(uri).body(empty()).unwrap();
        assert_eq!(code(&answer(&inside, request).await), "no-such-route", "{uri}");
    }
}
