//! A person reaches OctoPrint through the built program, over HTTP/1.1 and HTTP/2, and loses it
//! by signing out.
#![expect(clippy::unwrap_used, reason = "a test states what it expects")]

use std::time::Duration;

use futures_util::StreamExt;
use serde_json::Value;
use testkit::{
    camera::Camera,
    client::{Client, PrinterOrigin, Protocol},
    layerlock::{self, Layerlock},
    octoprint::OctoPrint,
    wait,
};

const EMAIL: &str = "ada@example.org";
const PASSWORD: &str = "seven lukewarm teapots hum";
const PATIENCE: Duration = Duration::from_secs(30);

// covers: RL-1, RL-3, RL-4, RL-5, AC-3, AC-12
#[tokio::test(flavor = "multi_thread")]
async fn octoprint_over_both_protocols_until_signing_out() {
    let camera = Camera::start().await.unwrap();
    let octoprint = OctoPrint::start(&camera.url()).await.unwrap();
    let data = tempfile::tempdir().unwrap();
    let printer = format!("octoprint={}", octoprint.url());
    let mut hub = Layerlock::up(data.path(), &["--printer", &printer]).await.unwrap();
    let token = hub.setup_token().await.unwrap();

    for protocol in Protocol::ALL {
        let person = Client::new(&hub.url(), protocol).unwrap();
        let answer = match protocol {
            Protocol::Http1 => person.set_up(&token, EMAIL, PASSWORD).await.unwrap(),
            Protocol::Http2 => person.sign_in(EMAIL, PASSWORD).await.unwrap(),
        };
        assert!(answer.status < 300, "{answer:?}");
        let printer = person.open(&online_printer(&person).await).await.unwrap();
        see_octoprint(&printer).await;
        lose_it_by_signing_out(&person, &printer).await;
    }
    hub.stop().await.unwrap();
}

// covers: AC-12
#[tokio::test]
async fn a_setup_link_that_was_used_opens_nothing() {
    let data = tempfile::tempdir().unwrap();
    let mut hub = Layerlock::hub(data.path()).await.unwrap();
    let token = hub.setup_token().await.unwrap();
    let person = Client::new(&hub.url(), Protocol::Http2).unwrap();
    assert_eq!(person.set_up(&token, EMAIL, PASSWORD).await.unwrap().status, 201);

    let second = Client::new(&hub.url(), Protocol::Http2).unwrap();
    let answer = second.set_up(&token, "eve@example.org", PASSWORD).await.unwrap();
    assert_eq!(answer.code(), "setup-closed");
    assert!(layerlock::run(data.path(), &["user", "list"]).await.unwrap().contains(EMAIL));
}

// covers: AC-3
#[tokio::test]
async fn a_session_survives_a_power_cut() {
    let data = tempfile::tempdir().unwrap();
    let mut hub = Layerlock::hub(data.path()).await.unwrap();
    let token = hub.setup_token().await.unwrap();
    let person = Client::new(&hub.url(), Protocol::Http1).unwrap();
    person.set_up(&token, EMAIL, PASSWORD).await.unwrap();

    let hub = hub.kill_and_restart().await.unwrap();
    let answer = person.get("/api/v1/session").await.unwrap();
    assert_eq!(answer.json().unwrap()["email"], EMAIL);
    hub.stop().await.unwrap();
}

/// The id of the only printer, when it is online.
async fn online_printer(person: &Client) -> String {
    let look = || async {
        let list = person.get("/api/v1/printers").await.ok()?.json().ok()?;
        let printer = list.get(0)?;
        (printer.get("online")? == &Value::Bool(true)).then(|| printer["id"].clone())
    };
    let id = wait::until("the printer to be online", PATIENCE, look).await.unwrap();
    id.as_str().unwrap().to_owned()
}

async fn see_octoprint(printer: &PrinterOrigin<'_>) {
    let page = printer.visit("/login/").await.unwrap();
    assert!(page.text.contains("OctoPrint"), "{page:?}");
    let request = printer.request(http::Method::GET, "/api/version");
    let answer = request.header("X-Api-Key", OctoPrint::API_KEY).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let foreign = printer.web_socket_from("/sockjs/websocket", "https://evil.example").await;
    assert!(foreign.is_err(), "a WebSocket from another origin");
}

async fn lose_it_by_signing_out(person: &Client, printer: &PrinterOrigin<'_>) {
    let mut socket = printer.web_socket("/sockjs/websocket").await.unwrap();
    let first = socket.next().await.unwrap().unwrap();
    assert!(first.to_text().unwrap().contains("connected"), "{first:?}");

    assert_eq!(person.sign_out().await.unwrap().status, 204);
    let ended = async { while let Some(Ok(_)) = socket.next().await {} };
    tokio::time::timeout(PATIENCE, ended).await.unwrap();
    assert_eq!(printer.get("/api/version").await.unwrap().status, 401);
}
