//! Printers that let everyone in are closed to visitors from elsewhere until their owner sets a
//! login there, or a PIN at the agent, or accepts the risk there.

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use http::Method;
use serde_json::{Value, json};
use testkit::{
    camera::Camera,
    client::{Answer, Client, PrinterOrigin, Protocol},
    layerlock::{self, Layerlock, run},
    moonraker::Moonraker,
    octoprint::OctoPrint,
    wait,
};

use crate::house::{House, OWNER, SOON, printer, text};

const PIN: &str = "482915";

/// Where the owner's printer can be opened, or the sentence that says why it can't.
async fn opening(owner: &Client) -> Result<Value> {
    let list = owner.get("/api/v1/printers").await?.json()?;
    Ok(list.pointer("/0/open").context("no printer")?.clone())
}

async fn until_open(owner: &Client) -> Result<()> {
    let open = || async { opening(owner).await.ok()?.get("url").map(|_| ()) };
    wait::until("the printer to be open", SOON, open).await
}

/// Asks for the status until the refusal has this code.
async fn until_refused(origin: &PrinterOrigin<'_>, code: &str) -> Result<Answer> {
    let refused = || async {
        let answer = origin.get("/server/info").await.ok()?;
        (answer.status == 403 && answer.code() == code).then_some(answer)
    };
    wait::until(code, SOON, refused).await
}

async fn type_pin(origin: &PrinterOrigin<'_>, pin: &str) -> Result<Answer> {
    let request = origin.request(Method::POST, "/.layerlock/pin");
    let request = request.header("Content-Type", "application/x-www-form-urlencoded");
    Answer::read(request.body(format!("pin={pin}&next=%2Fserver%2Finfo")).send().await?).await
}

fn set_pin(data: &Path) -> Result<()> {
    let mut command = Command::new(layerlock::program()?);
    command.args(["agent", "pin", "moonraker"]).arg("--data").arg(data);
    let mut running = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    running.stdin.take().context("no input")?.write_all(format!("{PIN}\n").as_bytes())?;
    ensure!(running.wait()?.success(), "no PIN was set");
    Ok(())
}

// covers: RL-9
#[tokio::test]
async fn open_printer_reached_by_websocket() -> Result<()> {
    let moonraker = Moonraker::start_trusting(&["0.0.0.0/0"]).await?;
    let data = tempfile::tempdir()?;
    let data = data.path();
    std::fs::write(
        data.join("layerlock.toml"),
        "[log]\nlevel = \"debug,hub=trace,agent=trace\"\n",
    )?;
    let mut layerlock =
        Layerlock::up(data, &[&format!("--printer=moonraker={}", moonraker.url())]).await?;
    let owner = Client::new(&layerlock.url(), Protocol::Http1)?;
    let token = layerlock.setup_token().await?;
    assert_eq!(owner.set_up(&token, OWNER.0, OWNER.1).await?.status, 201);
    printer(&owner, true).await?;

    let why = text(&opening(&owner).await?, "unavailable")?;
    ensure!(why.contains("without a login") && why.contains("agent pin"), "{why}");
    let locks = run(data, &["agent", "locks"]).await?;
    ensure!(locks.contains("closed: it lets everyone in without a login"), "{locks}");

    let id = printer(&owner, true).await?;
    let closed = owner.open(&id).await;
    ensure!(closed.is_err(), "it was opened");
    run(data, &["agent", "accept-risk", "moonraker", "--yes"]).await?;
    until_open(&owner).await?;
    let origin = owner.open(&printer(&owner, true).await?).await?;
    assert_eq!(origin.get("/server/info").await?.status, 200);
    let _socket = origin.web_socket("/websocket").await?;

    run(data, &["agent", "accept-risk", "moonraker", "--undo"]).await?;
    let refused = until_refused(&origin, "printer-open").await?;
    ensure!(!refused.text.contains("klippy"), "{}", refused.text);
    let page = origin.visit("/").await?;
    ensure!(page.status == 403 && page.text.contains("This printer is closed"), "{page:?}");
    ensure!(origin.web_socket("/websocket").await.is_err(), "a WebSocket got through");

    set_pin(data)?;
    until_refused(&origin, "pin-needed").await?;
    ensure!(origin.web_socket("/websocket").await.is_err(), "a WebSocket got through");
    the_pin_opens_it(&origin).await?;
    let mine = Client::new(&layerlock.url(), Protocol::Http1)?;
    assert_eq!(mine.sign_in(OWNER.0, OWNER.1).await?.status, 200);
    let elsewhere = mine.open(&id).await?;
    assert_eq!(elsewhere.get("/server/info").await?.code(), "pin-needed", "another sign-in");
    pin_reaches_printer_or_log(&layerlock, data)?;
    Ok(())
}

async fn the_pin_opens_it(origin: &PrinterOrigin<'_>) -> Result<()> {
    let sent = origin.visit("/server/info").await?;
    let place = sent.header("location");
    assert_eq!((sent.status, place), (303, "/.layerlock/pin?next=%2Fserver%2Finfo"));
    let page = origin.visit(place).await?;
    ensure!(page.status == 200 && page.text.contains("asks for a PIN"), "{page:?}");
    let policy = page.header("content-security-policy");
    ensure!(policy.starts_with("default-src 'none'") && !policy.contains("script"), "{policy}");
    assert_eq!(type_pin(origin, "482916").await?.status, 403);
    let entered = type_pin(origin, PIN).await?;
    assert_eq!((entered.status, entered.header("location")), (303, "/server/info"));
    let cookie = entered.header("set-cookie");
    ensure!(cookie.starts_with("__Host-ll-pin-") && cookie.contains("HttpOnly"), "{cookie}");
    let info = origin.get("/server/info").await?.json()?;
    assert_eq!(info.pointer("/result/klippy_state"), Some(&json!("ready")), "{info}");
    origin.web_socket("/websocket").await?;
    Ok(())
}

fn pin_reaches_printer_or_log(layerlock: &Layerlock, data: &Path) -> Result<()> {
    let log = layerlock.lines().join("\n");
    ensure!(log.contains("a wrong PIN"), "the log doesn't say that somebody guessed");
    ensure!(!log.contains(PIN) && !log.contains("482916"), "the log has the PIN");
    let kept = std::fs::read_to_string(data.join("agent/locks.toml"))?;
    ensure!(kept.contains("$scrypt$") && !kept.contains(PIN), "the PIN is kept");
    Ok(())
}

// covers: RL-9
#[tokio::test]
async fn octoprint_that_logs_everyone_in_is_closed() -> Result<()> {
    let camera = Camera::start().await?;
    let octoprint = OctoPrint::start_trusting_everyone(&camera.url()).await?;
    let house = House::with_printer(&octoprint.url(), Protocol::Http1).await?;
    let id = house.printer().await?;
    let why = text(&opening(&house.owner).await?, "unavailable")?;
    ensure!(why.contains("without a login"), "{why}");
    ensure!(house.owner.open(&id).await.is_err(), "it was opened");
    Ok(())
}

// covers: RL-9
#[tokio::test]
async fn risk_accepted_by_a_wrong_name() -> Result<()> {
    let data = tempfile::tempdir()?;
    run(data.path(), &["agent", "printer", "add", "moonraker=http://127.0.0.1:1"]).await?;
    let mut command = Command::new(layerlock::program()?);
    command.args(["agent", "accept-risk", "moonraker"]).arg("--data").arg(data.path());
    let mut running = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    running.stdin.take().context("no input")?.write_all(b"yes\n")?;
    ensure!(!running.wait()?.success(), "it was accepted");
    ensure!(!data.path().join("agent/locks.toml").exists(), "something was written");
    Ok(())
}
