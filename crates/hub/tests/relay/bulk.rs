//! The second connection, for what is large: what travels on it stands in nobody's way, and who has
//! no right to it gets none of it.

use std::time::Duration;

use axum::body::{Body, Bytes};
use backplane::Event;
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hub::Config;
use printer::Level;
use testkit::cable::Direction;
use tokio::{io::AsyncReadExt, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;
use tunnel::{ALPN_BULK, Identity};

use crate::{
    browser::Browser,
    printer_side::{self, PrinterSide},
    workshop::{Workshop, dial, prove, second_end, soon, until},
};

const LARGE: usize = 64 * 1024 + 1;

async fn workshop() -> (Workshop, Browser, String) {
    let workshop = Workshop::with_bulk(Config::default()).await;
    let host = format!("{}.localhost:3443", workshop.label().await);
    let browser = workshop.ada_at_the_printer().await;
    (workshop, browser, host)
}

fn upload(browser: &Browser, host: &str, length: usize) -> Request<Body> {
    let request = browser.own(Method::POST, host, "/files").header("content-length", length);
    request.body(Body::from(vec![b'x'; length])).unwrap()
}

/// An upload that has begun and never ends by itself.
async fn endless(
    workshop: &Workshop,
    browser: &Browser,
    host: &str,
) -> (JoinHandle<StatusCode>, forward::BodySender) {
    let (uploading, body) = forward::channel();
    uploading.send("G28".into()).await.unwrap();
    let request = browser.own(Method::POST, host, "/upload").body(Body::new(body)).unwrap();
    let mut browser = browser.clone();
    let upload = tokio::spawn(async move { browser.open(request).await.status() });
    let has_begun = || workshop.side.seen().iter().any(|seen| seen.path == "/upload");
    until(async || has_begun()).await;
    (upload, uploading)
}

async fn open(browser: &mut Browser, host: &str, path: &str) -> Response<Body> {
    let request = browser.own(Method::GET, host, path).body(Body::empty()).unwrap();
    soon(browser.open(request)).await
}

async fn piece(body: &mut Body) -> Bytes {
    soon(body.frame()).await.unwrap().unwrap().into_data().unwrap()
}

/// Over which connection the rest of each answer was fetched.
fn fetched(workshop: &Workshop) -> Vec<bool> {
    let seen = workshop.side.seen();
    seen.iter().filter(|seen| seen.path == wire::HELD_PATH).map(|seen| seen.bulk).collect()
}

/// The printer's camera, whose rest comes over the second connection.
async fn camera(workshop: &Workshop, browser: &mut Browser, host: &str) -> Body {
    let before = fetched(workshop).len();
    let mut body = open(browser, host, "/camera").await.into_body();
    assert_eq!(piece(&mut body).await, "first");
    until(async || fetched(workshop).len() > before).await;
    workshop.side.goes_on().await;
    assert_eq!(piece(&mut body).await, "more");
    body
}

// covers: RL-1, RL-7
#[tokio::test]
async fn large_uploads_have_a_connection_of_their_own() {
    let (workshop, mut browser, host) = workshop().await;
    for (length, bulk) in [(1, false), (LARGE - 1, false), (LARGE, true), (LARGE * 20, true)] {
        workshop.side.forget();
        let request = upload(&browser, &host, length);
        assert_eq!(soon(browser.open(request)).await.status(), 200, "{length}");
        let seen = workshop.side.only();
        assert_eq!((seen.body.len(), seen.bulk), (length, bulk));
    }
    assert_eq!(workshop.bulk.connections(), 1);
}

/// Pages are answered although nothing arrives on the second connection.
async fn pages_go_on(workshop: &Workshop, browser: &mut Browser, host: &str) {
    workshop.bulk.lose(Direction::Up);
    workshop.bulk.lose(Direction::Down);
    let carried = || [Direction::Up, Direction::Down].map(|way| workshop.bulk.carried(way));
    assert_eq!(soon(browser.go(host, "/")).await.status, 200);
    let before = carried();
    for _ in 0..5 {
        assert_eq!(soon(browser.go(host, "/")).await.status, 200);
    }
    assert_eq!(carried(), before);
}

// covers: RL-7
#[tokio::test]
async fn lost_packets_of_an_upload_delay_no_button() {
    let (workshop, mut browser, host) = workshop().await;
    let (_upload, uploading) = endless(&workshop, &browser, &host).await;
    tokio::spawn(async move { while uploading.send(vec![0x5a; 1 << 16].into()).await.is_ok() {} });
    pages_go_on(&workshop, &mut browser, &host).await;
}

// covers: RL-7
#[tokio::test]
async fn second_connection_is_cut_in_the_middle_of_an_upload() {
    let (workshop, mut browser, host) = workshop().await;
    let (uploading, _body) = endless(&workshop, &browser, &host).await;
    workshop.bulk.cut();
    assert_eq!(soon(uploading).await.unwrap(), 502);
    let sent = workshop.side.seen().iter().filter(|seen| seen.path == "/upload").count();
    assert_eq!(sent, 1, "nothing is sent twice");
    assert_eq!(soon(browser.go(&host, "/")).await.status, 200, "the tunnel goes on");
    let large = upload(&browser, &host, LARGE);
    assert_eq!(soon(browser.open(large)).await.status(), 200);
    assert_eq!(workshop.bulk.connections(), 2);
}

// covers: RL-7
#[tokio::test]
async fn without_a_second_connection_the_first_carries_everything() {
    for (dials, tries) in [(false, 1), (true, 2)] {
        let workshop = Workshop::offline().await;
        let tokens = workshop.side.knows_bulk();
        // Nobody hears the hub's wish, or nobody does anything about it.
        let tokens = dials.then_some(tokens);
        workshop.connect().await;
        let host = format!("{}.localhost:3443", workshop.label().await);
        let mut browser = workshop.ada_at_the_printer().await;
        for _ in 0..2 {
            workshop.side.forget();
            let request = upload(&browser, &host, LARGE);
            assert_eq!(soon(browser.open(request)).await.status(), 200);
            assert!(!workshop.side.only().bulk);
        }
        assert!(tokens.is_none_or(|tokens| tokens.len() < tries), "it was asked again at once");
    }
}

// covers: RL-7
#[tokio::test]
async fn idle_second_connection_is_closed_and_opened_again() {
    let (workshop, mut browser, host) = workshop().await;
    for connections in 1..=2 {
        let large = upload(&browser, &host, LARGE);
        assert_eq!(soon(browser.open(large)).await.status(), 200);
        assert_eq!(workshop.bulk.connections(), connections);
        tokio::time::pause();
        for _ in 0..12 {
            tokio::time::advance(Duration::from_secs(5)).await;
            for _ in 0..50 {
                tokio::task::yield_now().await;
            }
        }
        tokio::time::resume();
    }
}

// covers: RL-6
#[tokio::test]
async fn key_without_a_tunnel_opens_a_second_connection() {
    let workshop = Workshop::offline().await;
    let stranger = Identity::generate().unwrap();
    for identity in [&stranger, &workshop.identity] {
        hung_up_on(&workshop, identity).await;
    }
    workshop.connect().await;
    // Nobody has asked for one.
    hung_up_on(&workshop, &workshop.identity).await;
}

async fn hung_up_on(workshop: &Workshop, identity: &Identity) {
    let io = dial(&workshop.hub, &workshop.bulk);
    let mut io = prove(workshop.config(identity, ALPN_BULK), io).await.unwrap();
    let heard = soon(io.read(&mut [0; 64])).await;
    assert!(heard.is_err() || heard.is_ok_and(|length| length == 0), "the hub says something");
}

// covers: RL-6
#[tokio::test]
async fn cloned_key_answers_for_the_agents_second_connection() {
    let workshop = Workshop::offline().await;
    let mut tokens = workshop.side.knows_bulk();
    workshop.connect().await;
    let host = format!("{}.localhost:3443", workshop.label().await);
    let mut browser = workshop.ada_at_the_printer().await;
    let config = workshop.config(&workshop.identity, ALPN_BULK);
    let (hub, cable, side) = (workshop.hub.clone(), workshop.bulk.clone(), workshop.side.clone());
    tokio::spawn(async move {
        let mut guess = tokens.recv().await.unwrap();
        let last = if guess.ends_with('A') { "E" } else { "A" };
        guess.replace_range(guess.len() - 1.., last);
        for token in [guess, "A".repeat(43), String::new()] {
            let (io, end) = (dial(&hub, &cable), CancellationToken::new());
            second_end(config.clone(), io, token, side.clone(), end).await;
        }
    });
    let request = upload(&browser, &host, LARGE);
    assert_eq!(soon(browser.open(request)).await.status(), 200);
    assert!(!workshop.side.only().bulk, "the upload went to the clone");
    assert_eq!(workshop.bulk.connections(), 3);
}

// covers: RL-6, RL-7
#[tokio::test]
async fn cloned_key_takes_the_places_of_the_agents_second_connection() {
    let workshop = Workshop::offline().await;
    let mut tokens = workshop.side.knows_bulk();
    workshop.connect().await;
    let host = format!("{}.localhost:3443", workshop.label().await);
    let mut browser = workshop.ada_at_the_printer().await;
    let config = workshop.config(&workshop.identity, ALPN_BULK);
    let (hub, cable, side) = (workshop.hub.clone(), workshop.bulk.clone(), workshop.side.clone());
    let agent = tokio::spawn(async move {
        let token = tokens.recv().await.unwrap();
        let mut clones = Vec::new();
        for _ in 0..20 {
            // Says nothing.
            clones.push(prove(config.clone(), dial(&hub, &cable)).await.unwrap());
        }
        let (io, end) = (dial(&hub, &cable), CancellationToken::new());
        second_end(config, io, token, side, end).await;
        clones
    });
    let request = upload(&browser, &host, LARGE);
    assert_eq!(soon(browser.open(request)).await.status(), 200);
    assert!(workshop.side.only().bulk, "the agent found no place");
    agent.abort();
}

// covers: RL-7
#[tokio::test]
async fn second_connection_ends_with_the_first() {
    let (workshop, browser, host) = workshop().await;
    let (uploading, _body) = endless(&workshop, &browser, &host).await;
    workshop.cable.cut();
    assert_eq!(soon(uploading).await.unwrap(), 502);
    let over = timeout(Duration::from_secs(20), workshop.side.cancelled()).await;
    assert!(over.is_ok(), "the second connection goes on");
}

// covers: RL-1, RL-7
#[tokio::test]
async fn large_answers_have_a_connection_of_their_own() {
    let (workshop, mut browser, host) = workshop().await;
    for _ in 0..2 {
        let answer = open(&mut browser, &host, "/large").await;
        let length = printer_side::LARGE + 5;
        assert_eq!(answer.headers()["content-length"], length.to_string());
        assert!(!answer.headers().contains_key(wire::LARGE_HEADER));
        let body = soon(answer.into_body().collect()).await.unwrap().to_bytes();
        assert!(body.len() == length && body.starts_with(b"firstx"), "{}", body.len());
    }
    assert_eq!(fetched(&workshop), [true, true]);
    assert_eq!(workshop.bulk.connections(), 1);
}

// covers: RL-7
#[tokio::test]
async fn without_a_second_connection_the_first_carries_large_answers() {
    let workshop = Workshop::offline().await;
    drop(workshop.side.knows_bulk());
    workshop.connect().await;
    let host = format!("{}.localhost:3443", workshop.label().await);
    let mut browser = workshop.ada_at_the_printer().await;
    for _ in 0..2 {
        let body = open(&mut browser, &host, "/large").await.into_body();
        let body = soon(body.collect()).await.unwrap().to_bytes();
        assert_eq!(body.len(), printer_side::LARGE + 5);
    }
    assert_eq!(fetched(&workshop), [false], "after that the agent doesn't hold anything back");
}

// covers: RL-7
#[tokio::test]
async fn lost_packets_of_a_camera_delay_no_button() {
    let (workshop, mut browser, host) = workshop().await;
    let mut camera = camera(&workshop, &mut browser, &host).await;
    tokio::spawn(async move { while let Some(Ok(_)) = camera.frame().await {} });
    let side = workshop.side.clone();
    tokio::spawn(async move {
        loop {
            side.goes_on().await;
            tokio::task::yield_now().await;
        }
    });
    pages_go_on(&workshop, &mut browser, &host).await;
}

// covers: RL-7
#[tokio::test]
async fn second_connection_is_cut_in_the_middle_of_a_download() {
    let (workshop, mut browser, host) = workshop().await;
    let mut camera = camera(&workshop, &mut browser, &host).await;
    workshop.bulk.cut();
    assert!(soon(camera.frame()).await.unwrap().is_err(), "half of it looks whole");
    assert_eq!(soon(browser.go(&host, "/")).await.status, 200, "the tunnel goes on");
}

// covers: RL-7
#[tokio::test]
async fn part_of_a_large_answer_is_not_taken_for_all_of_it() {
    let (_workshop, mut browser, host) = workshop().await;
    for path in ["/too-short", "/too-long", "/lost"] {
        let answer = open(&mut browser, &host, path).await;
        assert_eq!(answer.headers()["content-length"], "9", "{path}");
        assert!(soon(answer.into_body().collect()).await.is_err(), "{path}");
    }
    // Of unknown length, and with a rest that has no name.
    let answer = open(&mut browser, &host, "/unnamed").await;
    assert!(soon(answer.into_body().collect()).await.is_err(), "a part looks whole");
}

// covers: RL-7
#[tokio::test]
async fn rest_is_fetched_while_the_visitor_reads_nothing() {
    let (workshop, mut browser, host) = workshop().await;
    let answer = open(&mut browser, &host, "/large").await;
    until(async || !fetched(&workshop).is_empty()).await;
    let body = soon(answer.into_body().collect()).await.unwrap().to_bytes();
    assert_eq!(body.len(), printer_side::LARGE + 5);
}

/// Ada and three others.
async fn viewers(workshop: &Workshop, ada: Browser) -> Vec<Browser> {
    let label = workshop.label().await;
    let mut viewers = vec![ada];
    for name in ["ben", "cleo", "dan"] {
        let viewer = workshop.other(&format!("{name}@example.org"), Some(Level::Controls)).await;
        let mut viewer = workshop.signed_in(&viewer).await;
        assert_eq!(soon(viewer.enter(&label, "/")).await.status, 200);
        viewers.push(viewer);
    }
    viewers
}

// covers: HZ-5, RL-7
#[tokio::test]
async fn more_stalled_viewers_than_memory_then_estop() {
    let (workshop, ada, host) = workshop().await;
    let mut viewers = viewers(&workshop, ada).await;
    workshop.side.forget();
    let mut stalled = Vec::new();
    for number in 0..48 {
        stalled.push(open(&mut viewers[number / 16], &host, "/large").await.into_body());
        until(async || fetched(&workshop).len() > number).await;
        let other = &mut viewers[3];
        let stop = r#"{"command":"M112"}"#;
        let request = other.own(Method::POST, &host, "/api/printer/command");
        let request = request.header("content-length", stop.len()).body(Body::from(stop)).unwrap();
        assert_eq!(soon(other.open(request)).await.status(), 200, "{number}");
        assert_eq!(soon(other.go(&host, "/")).await.status, 200, "{number}");
    }
    assert!(fetched(&workshop).iter().all(|bulk| *bulk));
    let mut whole = Vec::new();
    for body in stalled {
        whole.push(soon(body.collect()).await.is_ok());
    }
    let given_up = whole.iter().filter(|whole| !**whole).count();
    assert!((8..=24).contains(&given_up), "{given_up}");
    // Nobody pays for the others, and what came last is there.
    for own in whole.chunks(16) {
        let kept = own.iter().filter(|whole| **whole).count();
        assert!(kept >= 6 && own.last() == Some(&true), "{whole:?}");
    }
}

/// The words that the hub gave about answers that wait, and over which connection.
fn words(workshop: &Workshop) -> Vec<(Method, bool)> {
    let mut seen = workshop.side.seen();
    seen.retain(|seen| seen.path == wire::HELD_PATH);
    seen.into_iter().map(|seen| (seen.method, seen.bulk)).collect()
}

// covers: RL-7
#[tokio::test]
async fn three_viewers_leave_as_many_large_answers_unread_as_they_may() {
    let (workshop, ada, host) = workshop().await;
    let mut viewers = viewers(&workshop, ada).await;
    workshop.side.forget();
    let mut unread = Vec::new();
    for number in 0..3 * 64 {
        unread.push(open(&mut viewers[number / 64], &host, "/camera").await);
    }
    until(async || fetched(&workshop).len() == unread.len()).await;
    let second = fetched(&workshop).iter().filter(|second| **second).count();
    assert_eq!(second, 3 * 16);
    // Each has one stream of the 240 that the first connection has for visitors.
    for _ in 0..40 {
        let page = timeout(Duration::from_secs(5), open(&mut viewers[3], &host, "/stream")).await;
        unread.push(page.expect("no stream is left"));
    }
    assert!(unread.iter().all(|answer| answer.status() == 200));
}

// covers: AC-11, RL-7
#[tokio::test]
async fn whoever_leaves_takes_along_the_rest_that_waits() {
    let workshop = Workshop::offline().await;
    // The second connection is waited for, and doesn't come.
    let _tokens = workshop.side.knows_bulk();
    workshop.connect().await;
    let host = format!("{}.localhost:3443", workshop.label().await);
    for signs_out in [false, true] {
        let mut browser = workshop.ada_at_the_printer().await;
        let mut body = open(&mut browser, &host, "/camera").await.into_body();
        assert_eq!(piece(&mut body).await, "first");
        assert_eq!(workshop.side.waiting(), 1);
        if signs_out {
            let dashboard = "layerlock.localhost:3443";
            let request = browser.own(Method::DELETE, dashboard, "/api/v1/session");
            let answer = browser.open(request.body(Body::empty()).unwrap()).await;
            assert!(answer.status().is_success(), "{}", answer.status());
            assert!(soon(body.frame()).await.unwrap().is_err(), "it goes on");
        }
        drop(body);
        let left = timeout(Duration::from_secs(3), workshop.side.all_streams_closed()).await;
        assert!(left.is_ok(), "the printer sends on");
        assert_eq!((workshop.side.waiting(), words(&workshop)), (0, Vec::new()));
    }
}

// covers: RL-7
#[tokio::test]
async fn second_connection_that_is_dead_gets_no_rest() {
    let (workshop, mut browser, host) = workshop().await;
    drop(camera(&workshop, &mut browser, &host).await);
    workshop.side.forget();
    workshop.bulk.lose(Direction::Down);
    let body = open(&mut browser, &host, "/large").await.into_body();
    let body = timeout(Duration::from_secs(12), body.collect()).await.expect("it waits on");
    assert_eq!(body.unwrap().to_bytes().len(), printer_side::LARGE + 5);
    assert_eq!(words(&workshop), [(Method::DELETE, false)]);
    workshop.bulk.mend();
    assert_eq!(workshop.side.waiting(), 0);
}

// covers: RL-7
#[tokio::test]
async fn second_connection_is_cut_while_a_rest_is_fetched() {
    for (path, length) in [("/camera", None), ("/large", Some(printer_side::LARGE + 5))] {
        let (workshop, mut browser, host) = workshop().await;
        drop(camera(&workshop, &mut browser, &host).await);
        workshop.side.forget();
        // The agent hears the hub's word, and the hub doesn't hear the agent.
        workshop.bulk.lose(Direction::Up);
        let answer = open(&mut browser, &host, path).await;
        let announced = answer.headers().get("content-length");
        assert_eq!(announced.map(|said| said.to_str().unwrap().parse().unwrap()), length);
        let mut body = answer.into_body();
        assert_eq!(piece(&mut body).await, "first");
        until(async || !words(&workshop).is_empty()).await;
        workshop.bulk.cut();
        assert!(soon(body.frame()).await.unwrap().is_err(), "{path}: a part looks whole");
        let asked = workshop.side.seen().iter().filter(|seen| seen.path == path).count();
        assert_eq!(asked, 1, "nothing is sent twice");
        assert_eq!(words(&workshop), [(Method::GET, true), (Method::DELETE, false)]);
        assert_eq!(soon(browser.go(&host, "/")).await.status, 200, "the tunnel goes on");
    }
}

// covers: RL-7
#[tokio::test]
async fn second_connection_that_takes_nothing_new_costs_no_request() {
    let (workshop, mut browser, host) = workshop().await;
    let (uploading, body) = endless(&workshop, &browser, &host).await;
    workshop.side.parts();
    until(async || {
        workshop.side.forget();
        let answer = open(&mut browser, &host, "/large").await.into_body();
        let answer = soon(answer.collect()).await.unwrap().to_bytes();
        assert_eq!(answer.len(), printer_side::LARGE + 5);
        words(&workshop) == [(Method::DELETE, false)]
    })
    .await;
    workshop.side.forget();
    let large = upload(&browser, &host, LARGE);
    assert_eq!(soon(browser.open(large)).await.status(), 200);
    assert!(!workshop.side.only().bulk);
    body.finish();
    assert_eq!(soon(uploading).await.unwrap(), 201, "what is under way is finished");
    assert_eq!(workshop.bulk.connections(), 1);
}

// covers: RL-7, OP-3
#[tokio::test]
async fn an_agents_older_run_finishes_on_its_second_connection() {
    let (workshop, mut browser, host) = workshop().await;
    let mut camera = camera(&workshop, &mut browser, &host).await;
    let (uploading, body) = endless(&workshop, &browser, &host).await;
    workshop.side.forget();
    let name = "Prusa in the cellar";
    let newer = PrinterSide::new(&[(workshop.printer, name, printer::Kind::OctoPrint)]);
    newer.runs_as(8);
    newer.takes_over_from(7);
    let mut events = workshop.hub.backplane().events();
    workshop.dial(&workshop.identity, &newer);
    let known = async {
        while events.recv().await.unwrap() != Event::PrintersChanged(workshop.agent.id) {}
    };
    soon(known).await;
    assert_eq!(soon(browser.go(&host, "/")).await.status, 200);
    assert_eq!(newer.only().path, "/");
    workshop.side.goes_on().await;
    assert_eq!(piece(&mut camera).await, "more");
    body.finish();
    assert_eq!(soon(uploading).await.unwrap(), 201);
    assert!(workshop.side.seen().is_empty(), "the older run got something new");
}
