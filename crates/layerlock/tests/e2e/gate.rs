//! `layerlock gate` as the built program. Everybody is on this machine and has an address of
//! 127.0.0.0/8: one of them is listed alone and inside, the others are outside.

mod commands;
mod door;
mod fallbacks;

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt, stream};
use http::Method;
use serde_json::{Value, json};
use testkit::{camera::Camera, client::Protocol, moonraker::Moonraker, octoprint::OctoPrint};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use self::door::{
    ADA, ADMIN, ADMINPASS, BOB, Door, INSIDE, OUTSIDE, TEAPOT, Visitor, file, memory, said,
};
use crate::{
    house::{SOON, text},
    workshop::Workshop,
};

// covers: GT-1, GT-2, GT-5
#[tokio::test]
async fn a_real_octoprint_behind_a_gate() -> Result<()> {
    let camera = Camera::start().await?;
    let octoprint = OctoPrint::start(&camera.url()).await?;
    let more = format!(
        "routes = {{ \"/webcam/\" = {:?} }}\nusers = {{ admin = {ADMINPASS:?} }}",
        camera.url()
    );
    let mut door = Door::start(&octoprint.url(), &more).await?;
    let inside = door.visitor(INSIDE, Protocol::Http2)?;
    assert_eq!(inside.status("/login/", "").await?, 200);
    for protocol in Protocol::ALL {
        let outside = door.visitor(OUTSIDE, protocol)?;
        for path in ["/login/", "/webcam/?action=stream", "/sockjs/info", "/api/version"] {
            assert_eq!(outside.status(path, "").await?, 401, "{path}");
        }
        let page = outside.ask(Method::GET, "/login/", ADMIN).send().await?;
        ensure!(page.status() == 200 && page.text().await?.contains("OctoPrint"));
        let mut frames =
            outside.ask(Method::GET, "/webcam/?action=stream", ADMIN).send().await?.bytes_stream();
        timeout(SOON, frames.next()).await?.context("no frame")??;
        let part = reqwest::multipart::Part::text("G28\n").file_name(format!("{protocol:?}.gcode"));
        let form = reqwest::multipart::Form::new().part("file", part);
        let upload = outside.ask(Method::POST, "/api/files/local", ADMIN).multipart(form);
        let uploaded = upload.header("X-Api-Key", OctoPrint::API_KEY).send().await?;
        assert_eq!(uploaded.status(), 201);
    }
    signs_in_and_sees_a_temperature(&door).await?;
    let warning = "the same user name and password open this gate and the printer";
    door.process.line("the warning", SOON, |line| said(line, warning)).await?;
    let told = door.process.lines().join("\n");
    ensure!(!told.contains("adminpass") && !told.contains(ADMIN.trim_start_matches("Basic ")));
    Ok(())
}

/// Signs in at OctoPrint through the gate. Returns what its sockets want to hear.
async fn sign_in(door: &Door) -> Result<String> {
    let (user, pass) = OctoPrint::ADMIN;
    let body = json!({"user": user, "pass": pass, "remember": false}).to_string();
    let outside = door.visitor(OUTSIDE, Protocol::Http2)?;
    let page = outside.ask(Method::GET, "/login/", ADMIN).send().await?;
    let cookies = page.headers().get_all("set-cookie").iter().filter_map(|it| it.to_str().ok());
    let cookie = cookies.filter_map(|cookie| cookie.split(';').next());
    let cookie = { cookie }.find(|cookie| cookie.starts_with("csrf_token")).context("no cookie")?;
    let token = cookie.split_once('=').context("no token")?.1;
    let login = outside.ask(Method::POST, "/api/login", ADMIN).body(body);
    let login = login.header("Cookie", cookie).header("X-CSRF-Token", token);
    let login = login.header("Content-Type", "application/json").send().await?;
    let login: Value = login.error_for_status()?.json().await?;
    let auth = format!("{}:{}", text(&login, "name")?, text(&login, "session")?);
    Ok(json!({"auth": auth}).to_string())
}

async fn signs_in_and_sees_a_temperature(door: &Door) -> Result<()> {
    let auth = sign_in(door).await?;
    ensure!(door.web_socket("/sockjs/websocket", OUTSIDE, "").await.is_err(), "no password");
    let mut socket = door.web_socket("/sockjs/websocket", OUTSIDE, ADMIN).await?;
    socket.send(Message::text(auth)).await?;
    timeout(SOON, async {
        while let Some(message) = socket.next().await {
            let message: Value = serde_json::from_str(message?.to_text()?).unwrap_or_default();
            if message.pointer("/current/temps/0/tool0/actual").is_some() {
                return Ok(());
            }
        }
        bail!("the socket ended")
    })
    .await?
}

// covers: GT-1, GT-2
#[tokio::test]
async fn a_real_moonraker_with_the_same_password_as_its_gate() -> Result<()> {
    let moonraker = Moonraker::start().await?;
    let person = json!({"username": "ada", "password": "rattling teapot", "source": "moonraker"});
    moonraker.add_user(&person).await?;
    let mut door =
        Door::start(&moonraker.url(), &format!("users = {{ ada = {TEAPOT:?} }}")).await?;
    let outside = door.visitor(OUTSIDE, Protocol::Http2)?;
    let wrong = json!({"username": "ada", "password": "wrong"});
    ensure!(signs_in(&outside, &wrong).await?.status().is_client_error(), "a wrong password");
    let login: Value = signs_in(&outside, &person).await?.error_for_status()?.json().await?;
    let warning = "the same user name and password open this gate and the printer";
    door.process.line("the warning", SOON, |line| said(line, warning)).await?;
    ensure!(!door.process.lines().join("\n").contains("rattling"));

    // What Moonraker gives for it takes the one `Authorization` that a request has.
    let token = login.pointer("/result/token").and_then(Value::as_str).context("no token")?;
    let bearer = format!("Bearer {token}");
    assert_eq!(outside.status("/server/info", &bearer).await?, 401);
    let inside = door.visitor(INSIDE, Protocol::Http2)?;
    assert_eq!(inside.status("/server/info", &bearer).await?, 200);
    Ok(())
}

async fn signs_in(visitor: &Visitor, person: &Value) -> Result<reqwest::Response> {
    let login = visitor.ask(Method::POST, "/access/login", ADA).body(person.to_string());
    Ok(login.header("Content-Type", "application/json").send().await?)
}

// covers: GT-1, GT-5
#[tokio::test]
async fn websocket_inside_http2_needs_the_password_too() -> Result<()> {
    let workshop = Workshop::start().await?;
    let door = Door::start(&workshop.url(), &format!("users = {{ ada = {TEAPOT:?} }}")).await?;
    for (from, proof, origin, expected) in [
        (OUTSIDE, "", door.origin(), 401),
        (OUTSIDE, ADA, door.origin(), 200),
        (INSIDE, "", door.origin(), 200),
        (INSIDE, "", "https://evil.example".to_owned(), 403),
    ] {
        let status = door.web_socket_over_http2("/echo", from, proof, &origin).await?;
        assert_eq!(status, expected, "{from} {proof}");
    }
    Ok(())
}

// covers: GT-5
#[tokio::test]
async fn a_gigabyte_passes_a_gate_without_being_held_in_memory() -> Result<()> {
    const GIGABYTE: u64 = 1 << 30;
    for protocol in Protocol::ALL {
        let workshop = Workshop::start().await?;
        let door = Door::start(&workshop.url(), &format!("users = {{ ada = {TEAPOT:?} }}")).await?;
        let outside = door.visitor(OUTSIDE, protocol)?;
        assert_eq!(outside.status("/", ADA).await?, 200);
        let before = memory(door.process.pid(), "VmRSS:")?;
        let piece = Bytes::from(vec![0x5a; 1 << 20]);
        let body = stream::iter((0..1024).map(move |_| Ok::<_, std::io::Error>(piece.clone())));
        let upload = outside.ask(Method::POST, "/upload", ADA);
        let answer = upload.body(reqwest::Body::wrap_stream(body)).send().await?;
        assert_eq!(answer.status(), 201);
        assert_eq!(workshop.swallowed(), GIGABYTE);
        let grown = memory(door.process.pid(), "VmHWM:")?.saturating_sub(before);
        ensure!(grown < 48 << 20, "{protocol:?}: grew by {grown} bytes");
    }
    Ok(())
}

// covers: GT-5
#[tokio::test]
async fn new_rules_end_what_a_removed_user_has_open_and_nothing_else() -> Result<()> {
    let workshop = Workshop::start().await?;
    let both = format!("users = {{ ada = {TEAPOT:?}, bob = {TEAPOT:?} }}");
    let mut door = Door::start(&workshop.url(), &both).await?;
    let outside = door.visitor(OUTSIDE, Protocol::Http1)?;
    let mut hers = door.web_socket("/echo", OUTSIDE, ADA).await?;
    let mut his = door.web_socket("/echo", OUTSIDE, BOB).await?;
    let mut her_events = outside.ask(Method::GET, "/events", ADA).send().await?.bytes_stream();
    let mut his_events = outside.ask(Method::GET, "/events", BOB).send().await?.bytes_stream();
    let running = tokio::spawn(outside.ask(Method::GET, "/slow", BOB).send());
    timeout(SOON, workshop.asked_for_slow()).await?;

    door.reload("[gate]\ninside = [\"0.0.0.0/0\"]", "the old rules still hold").await?;
    for socket in [&mut hers, &mut his] {
        socket.send(Message::text("still there?")).await?;
        assert_eq!(
            timeout(SOON, socket.next()).await?.context("ended")??.to_text()?,
            "still there?"
        );
    }
    ensure!(!running.is_finished(), "a bad file ended a request");
    let only_ada = file(&workshop.url(), &format!("users = {{ ada = {TEAPOT:?} }}"));
    door.reload(&only_ada, "new rules are in place").await?;

    let end = timeout(SOON, his.next()).await?;
    ensure!(!matches!(end, Some(Ok(Message::Text(_) | Message::Binary(_)))), "{end:?}");
    let end = timeout(SOON, his_events.next()).await?;
    ensure!(!matches!(end, Some(Ok(_))), "{end:?}");
    assert_eq!(timeout(SOON, running).await???.status(), 403);
    assert_eq!(outside.status("/", BOB).await?, 401);
    hers.send(Message::text("still here")).await?;
    assert_eq!(timeout(SOON, hers.next()).await?.context("ended")??.to_text()?, "still here");
    // What he was waiting for may take one or two of these with it.
    let hers = async {
        loop {
            workshop.next_event();
            if let Ok(event) =
                timeout(std::time::Duration::from_millis(100), her_events.next()).await
            {
                break event;
            }
        }
    };
    timeout(SOON, hers).await?.context("her stream ended")??;
    Ok(())
}

// covers: GT-5
#[tokio::test]
async fn brute_force_locks_out_neither_the_inside_nor_other_addresses() -> Result<()> {
    let workshop = Workshop::start().await?;
    let door = Door::start(&workshop.url(), &format!("users = {{ ada = {TEAPOT:?} }}")).await?;
    let guesser = door.visitor(OUTSIDE, Protocol::Http2)?;
    let wrong = "Basic YWRhOndyb25n";
    for _ in 0..5 {
        assert_eq!(guesser.status("/", wrong).await?, 401);
    }
    assert_eq!(guesser.status("/", wrong).await?, 429);
    assert_eq!(guesser.status("/", ADA).await?, 429);
    let inside = door.visitor(INSIDE, Protocol::Http2)?;
    assert_eq!(inside.status("/", "").await?, 200);
    assert_eq!(inside.status("/", wrong).await?, 200);
    let other = door.visitor([127, 0, 0, 4].into(), Protocol::Http2)?;
    assert_eq!(other.status("/", ADA).await?, 200);
    Ok(())
}
