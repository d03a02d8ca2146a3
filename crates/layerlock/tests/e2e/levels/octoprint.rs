//! A real OctoPrint.

use anyhow::{Result, ensure};
use printer::Level::{Controls, Print, Queue, View};
use testkit::{camera::Camera, client::Protocol, octoprint::OctoPrint, wait};

use super::{Door, Visit, closed, hear, json, say};
use crate::house::{SOON, text};

const UPLOAD: &str = "/api/files/local";
const START: &str = r#"{"command":"select","print":true}"#;

// covers: PM-3, HZ-5
#[tokio::test]
async fn each_level_does_at_octoprint_what_it_may() -> Result<()> {
    let camera = Camera::start().await?;
    let octoprint = OctoPrint::start(&camera.url()).await?;
    let visit = Visit::to("octoprint", &octoprint.url(), Protocol::Http1).await?;
    let origin = visit.enter().await?;
    let door = Door { origin: &origin, key: OctoPrint::API_KEY };

    visit.grant(View).await?;
    reads(&door).await?;
    sockets(&door).await?;
    for (needed, method, path, body) in [
        (Print, "POST", "/api/job", r#"{"command":"start"}"#),
        (Queue, "POST", "/api/printer/command", r#"{"command":"M112"}"#),
        (Controls, "POST", "/api/printer/command", r#"{"command":"M104 S200"}"#),
        (Controls, "POST", "/api/printer/tool", r#"{"command":"target","targets":{"tool0":200}}"#),
        (Controls, "POST", "/api/connection", r#"{"command":"disconnect"}"#),
        (Controls, "GET", "/api/settings", ""),
        (Controls, "HEAD", "/api/settings", ""),
        (Controls, "GET", "/static/webassets/packed_core.css", ""),
        (Controls, "GET", "/", ""),
        (Controls, "DELETE", "/api/files/local/a.gcode", ""),
    ] {
        door.refuses(needed, method, path, body).await?;
    }
    assert_eq!(door.upload(UPLOAD, "a.gcode", &[]).await?.code(), "not-allowed");

    visit.grant(Queue).await?;
    assert_eq!(door.upload(UPLOAD, "a.gcode", &[("print", "false")]).await?.status, 201);
    for (name, flag) in [("b.gcode", "print"), ("c.gcode", "select")] {
        let started = door.upload(UPLOAD, name, &[(flag, "true")]).await?;
        ensure!(started.code() == "not-allowed" && started.text.contains("print"), "{started:?}");
    }
    let files = octoprint.api("/api/files").await?.to_string();
    ensure!(files.contains("a.gcode"), "{files}");
    ensure!(!files.contains("b.gcode") && !files.contains("c.gcode"), "it is there: {files}");
    door.refuses(Print, "POST", "/api/files/local/a.gcode", START).await?;

    visit.grant(Print).await?;
    door.passes("POST", "/api/files/local/a.gcode", START).await?;
    wait::until("the print to be done", SOON, || async {
        let job = octoprint.api("/api/job").await.ok()?;
        (job.pointer("/progress/completion")?.as_f64()? >= 100.0).then_some(())
    })
    .await?;

    visit.grant(Queue).await?;
    door.passes("POST", "/api/printer/command", r#"{"command":"M112"}"#).await?;
    wait::until("the printer to stop", SOON, || async {
        let connection = octoprint.api("/api/connection").await.ok()?;
        (connection.pointer("/current/state")? != "Operational").then_some(())
    })
    .await
}

/// What apps ask for first.
async fn reads(door: &Door<'_>) -> Result<()> {
    for path in [
        "/api/version",
        "/api/server",
        "/api/connection",
        "/api/currentuser",
        "/api/printer?exclude=sd,temperature&history=true&limit=2",
        "/api/printer?exclude=state%2Csd",
        "/api/job",
        "/api/files?recursive=true",
        "/api/files/local?recursive=false",
        "/api/printerprofiles",
        "/sockjs/info?t=1700000000000",
    ] {
        door.passes("GET", path, "").await?;
    }
    Ok(())
}

/// The push socket, plain and in `SockJS` frames.
async fn sockets(door: &Door<'_>) -> Result<()> {
    let login = door.passes("POST", "/api/login", r#"{"passive":true}"#).await?.json()?;
    let auth = format!("{}:{}", text(&login, "name")?, text(&login, "session")?);
    let auth = serde_json::json!({"auth": auth}).to_string();
    let subscribe = r#"{"subscribe":{"state":{"logs":false},"plugins":true,"events":true}}"#;

    let mut socket = door.origin.web_socket("/sockjs/websocket").await?;
    for message in [subscribe, &auth, r#"{"throttle":2}"#] {
        say(&mut socket, message).await?;
    }
    let temperature = |text: &str| json(text).pointer("/current/temps/0/tool0/actual")?.as_f64();
    ensure!(hear(&mut socket, temperature).await? > 0.0);
    say(&mut socket, r#"{"other":1}"#).await?;
    assert_eq!(closed(&mut socket).await?, 1008);

    let mut framed = door.origin.web_socket("/sockjs/123/abcdefgh/websocket").await?;
    hear(&mut framed, |text| (text == "o").then_some(())).await?;
    say(&mut framed, &serde_json::json!([subscribe, auth]).to_string()).await?;
    let state = |text: &str| {
        text.starts_with("a[").then(|| text.contains("\\\"current\\\""))?.then_some(())
    };
    let current = |text: &str| {
        text.strip_prefix('a').and_then(|text| {
            json(text).as_array()?.iter().any(|one| one.get("current").is_some()).then_some(())
        })
    };
    hear(&mut framed, |text| state(text).or_else(|| current(text))).await?;
    say(&mut framed, r#"["{\"throttle\":1}","{\"other\":1}"]"#).await?;
    assert_eq!(closed(&mut framed).await?, 1008);
    Ok(())
}
