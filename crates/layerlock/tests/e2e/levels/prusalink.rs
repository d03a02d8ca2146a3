//! A real PrusaLink, its printer idle.

use anyhow::{Result, ensure};
use printer::Level::{Controls, Print, Queue, View};
use testkit::{
    client::{Answer, Protocol},
    prusalink::PrusaLink,
    wait,
};

use super::{Door, Visit};
use crate::house::SOON;

const GCODE: &str = "G28\nG1 X10 Y10 F3000\n";

// covers: PM-3
#[tokio::test]
async fn each_level_does_at_prusalink_what_it_may() -> Result<()> {
    let prusalink = PrusaLink::start().await?;
    let visit = Visit::to("prusalink", &prusalink.url(), Protocol::Http1).await?;
    let origin = visit.enter().await?;
    let door = Door { origin: &origin, key: PrusaLink::API_KEY };

    visit.grant(View).await?;
    for path in
        ["/api/version", "/api/v1/info", "/api/v1/status", "/api/v1/storage", "/api/printer"]
    {
        door.passes("GET", path, "").await?;
    }
    for (needed, method, path, body) in [
        (Controls, "GET", "/", ""),
        (Controls, "GET", "/api/settings", ""),
        (Controls, "POST", "/api/settings/apikey", "{}"),
        (Controls, "POST", "/api/printer/printhead", r#"{"command":"home","axes":["x"]}"#),
        (Controls, "DELETE", "/api/v1/files/local/a.gcode", ""),
        (Print, "DELETE", "/api/v1/job/1", ""),
        (Queue, "PUT", "/api/v1/files/local/a.gcode", ""),
    ] {
        door.refuses(needed, method, path, body).await?;
    }

    visit.grant(Queue).await?;
    ensure!(put(&door, "a.gcode", &[]).await?.status == 201);
    for name in ["Print-After-Upload", "print-after-upload"] {
        let started = put(&door, "b.gcode", &[(name, "?1")]).await?;
        assert_eq!(started.code(), "not-allowed", "{name}: {started:?}");
    }
    // To PrusaLink this is the same name; it never arrives.
    ensure!(put(&door, "c.gcode", &[("Print_After_Upload", "?1")]).await?.status == 201);
    let twice =
        put(&door, "b.gcode", &[("Print-After-Upload", "?0"), ("Print-After-Upload", "?1")]);
    assert_eq!(twice.await?.code(), "not-allowed");
    let files = prusalink.directory().join("gcodes");
    assert_eq!(std::fs::read_to_string(files.join("a.gcode"))?, GCODE);
    ensure!(!files.join("b.gcode").exists(), "it is there");
    let state = prusalink.api("/api/v1/status").await?;
    ensure!(state.pointer("/printer/state").is_some_and(|state| state == "IDLE"), "{state}");
    door.refuses(Print, "POST", "/api/v1/files/local/a.gcode", "").await?;

    // PrusaLink looks through its folder once in a while, and knows no new file before.
    let known = || async { prusalink.api("/api/v1/files/local/a.gcode").await.ok() };
    wait::until("PrusaLink to know the file", SOON, known).await?;
    visit.grant(Print).await?;
    door.passes("POST", "/api/v1/files/local/a.gcode", "").await?;
    Ok(())
}

async fn put(door: &Door<'_>, name: &str, headers: &[(&str, &str)]) -> Result<Answer> {
    let request = door.request("PUT", &format!("/api/v1/files/local/{name}"))?;
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    Answer::read(request.header("Content-Type", "text/x.gcode").body(GCODE).send().await?).await
}
