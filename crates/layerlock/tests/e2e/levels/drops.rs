//! A level that drops, and what is never written down.

use anyhow::{Context, Result, ensure};
use futures_util::{SinkExt, StreamExt};
use http::Method;
use printer::Level;
use testkit::{
    client::{Answer, Client, Protocol},
    layerlock::{self, Layerlock},
};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use super::{Visit, closed};
use crate::{
    commands::{self, GUEST},
    house::{OWNER, SOON, printer},
    workshop::Workshop,
};

// covers: PM-3, AC-11
#[tokio::test]
async fn what_is_open_at_controls_ends_when_the_level_drops() -> Result<()> {
    let workshop = Workshop::start().await?;
    let visit = Visit::to("octoprint", &workshop.url(), Protocol::Http2).await?;
    let origin = visit.enter().await?;
    let mut socket = origin.web_socket("/echo").await?;
    socket.send(Message::text("M104 S200")).await?;
    timeout(SOON, socket.next()).await?.context("no echo")??;
    let mut events = origin.request(Method::GET, "/events").send().await?.bytes_stream();
    workshop.next_event();
    timeout(SOON, events.next()).await?.context("no event")??;

    visit.grant(Level::Print).await?;

    let ended = timeout(SOON, socket.next()).await?;
    ensure!(!matches!(ended, Some(Ok(Message::Text(_) | Message::Binary(_)))), "{ended:?}");
    ensure!(!matches!(timeout(SOON, events.next()).await?, Some(Ok(_))), "the events go on");

    let page = origin.visit("/").await?;
    assert_eq!(page.status, 403, "{page:?}");
    ensure!(page.header("content-type").starts_with("text/html"), "{page:?}");
    ensure!(page.text.contains("controls") && page.text.contains("own pages"), "{page:?}");
    let asked = origin.get("/api/version").await?;
    assert_eq!((asked.status, asked.text.as_str()), (200, "a printer"), "a single request passes");

    ensure!(origin.web_socket("/echo").await.is_err(), "a socket that isn't listed is open");
    Ok(())
}

// covers: PM-3, AC-11
#[tokio::test]
async fn socket_at_print_ends_when_the_level_drops_to_view() -> Result<()> {
    let workshop = Workshop::start().await?;
    let visit = Visit::to("octoprint", &workshop.url(), Protocol::Http1).await?;
    let origin = visit.enter().await?;
    visit.grant(Level::Print).await?;
    let mut socket = origin.web_socket("/websocket").await?;
    let pause = r#"{"method":"printer.print.pause"}"#;
    socket.send(Message::text(pause)).await?;
    assert_eq!(timeout(SOON, socket.next()).await?.context("no echo")??.to_text()?, pause);
    visit.grant(Level::View).await?;
    let ended = timeout(SOON, socket.next()).await?;
    ensure!(!matches!(ended, Some(Ok(Message::Text(_)))), "{ended:?}");
    let mut socket = origin.web_socket("/websocket").await?;
    socket.send(Message::text(pause)).await?;
    assert_eq!(closed(&mut socket).await?, 1008);
    Ok(())
}

// covers: SV-9
#[tokio::test]
async fn token_in_a_query_is_not_in_the_log() -> Result<()> {
    let workshop = Workshop::start().await?;
    let data = tempfile::tempdir()?;
    std::fs::write(data.path().join("layerlock.toml"), "[log]\nlevel = \"trace\"\n")?;
    let url = format!("octoprint={}", workshop.url());
    let mut program = Layerlock::up(data.path(), &["--printer", &url]).await?;
    let token = program.setup_token().await?;
    let owner = Client::new(&program.url(), Protocol::Http1)?;
    ensure!(owner.set_up(&token, OWNER.0, OWNER.1).await?.status == 201);
    let id = printer(&owner, true).await?;
    commands::layerlock(data.path(), &["user", "add", GUEST.0], &format!("{}\n", GUEST.1))?;
    let grant = async |level: Level| {
        let words = ["grant", "add", GUEST.0, &id, level.as_str()];
        layerlock::run(data.path(), &words).await
    };
    grant(Level::Controls).await?;
    let guest = Client::new(&program.url(), Protocol::Http1)?;
    guest.sign_in(GUEST.0, GUEST.1).await?;
    let origin = guest.open(&id).await?;
    let targets = ["/websocket?token=one-secret", "/websocket?access_token=two-secret"];
    for level in [Level::Controls, Level::View] {
        grant(level).await?;
        for target in targets {
            let mut socket = origin.web_socket(target).await?;
            socket.send(Message::text(r#"{"method":"server.info","id":"three-secret"}"#)).await?;
            timeout(SOON, socket.next()).await?.context("no echo")??;
            drop(socket);
            let asked = origin.request(Method::GET, &format!("/api/version{}", &target[10..]));
            Answer::read(asked.send().await?).await?;
        }
        let mut socket = origin.web_socket("/websocket").await?;
        socket.send(Message::text(r#"{"method":"four-secret"}"#)).await?;
        timeout(SOON, socket.next()).await?.context("no word")??;
    }
    let log = program.lines().join("\n");
    ensure!(log.contains("TRACE"), "the log is not complete enough for this test");
    for secret in ["one-secret", "two-secret", "three-secret", "four-secret"] {
        ensure!(!log.contains(secret), "{secret} is in the log");
    }
    Ok(())
}
