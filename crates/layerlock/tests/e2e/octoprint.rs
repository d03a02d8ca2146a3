//! The main job against a real OctoPrint, as a program does it. (As a person does it: the browser
//! tests.)

use anyhow::{Context, Result, ensure};
use futures_util::{SinkExt, StreamExt};
use http::Method;
use serde_json::{Value, json};
use testkit::{
    camera::Camera,
    client::{PrinterOrigin, Protocol},
    layerlock,
    octoprint::OctoPrint,
    wait,
};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::house::{House, SOON, text};

const GCODE: &str = "G28\nG1 X10 Y10 F3000\nG1 X20 Y20\nM104 S0\n";

// covers: OP-1, RL-1, RL-2, RL-4, AC-12
#[tokio::test]
async fn a_real_octoprint_prints_through_up() -> Result<()> {
    let camera = Camera::start().await?;
    let octoprint = OctoPrint::start(&camera.url()).await?;
    let house = House::with_printer(&octoprint.url(), Protocol::Http2).await?;
    let origin = house.owner.open(&house.printer().await?).await?;

    let page = origin.visit("/login/").await?;
    ensure!(page.status == 200 && page.text.contains("OctoPrint"), "{page:?}");
    let locked = origin.get("/api/files").await?;
    assert_eq!(locked.status, 403, "the printer's own login is the second lock: {locked:?}");

    ensure!(upload(&origin, "cube.gcode").await?.status() == 201, "the upload failed");
    let select = json!({"command": "select", "print": true}).to_string();
    let start = api(&origin, Method::POST, "/api/files/local/cube.gcode").body(select);
    ensure!(start.send().await?.status() == 204, "the print didn't start");
    wait::until("the print to be done", SOON, || async {
        let job = octoprint.api("/api/job").await.ok()?;
        (job.pointer("/progress/completion")?.as_f64()? >= 100.0).then_some(())
    })
    .await
}

// covers: RL-1, RL-4
#[tokio::test]
async fn temperatures_arrive_over_octoprints_websocket() -> Result<()> {
    let camera = Camera::start().await?;
    let octoprint = OctoPrint::start(&camera.url()).await?;
    let house = House::with_printer(&octoprint.url(), Protocol::Http1).await?;
    let origin = house.owner.open(&house.printer().await?).await?;

    let login = api(&origin, Method::POST, "/api/login").body(r#"{"passive":true}"#);
    let login: Value = login.send().await?.error_for_status()?.json().await?;
    let auth = format!("{}:{}", text(&login, "name")?, text(&login, "session")?);

    let mut socket = origin.web_socket("/sockjs/websocket").await?;
    socket.send(Message::text(json!({"auth": auth}).to_string())).await?;
    let temperature = timeout(SOON, async {
        while let Some(message) = socket.next().await {
            let message: Value = serde_json::from_str(message?.to_text()?).unwrap_or_default();
            let actual = message.pointer("/current/temps/0/tool0/actual").and_then(Value::as_f64);
            if let Some(actual) = actual {
                return Ok(actual);
            }
        }
        anyhow::bail!("the socket ended")
    })
    .await??;
    ensure!(temperature > 0.0, "{temperature}");
    Ok(())
}

// covers: RL-1, RL-8
#[tokio::test]
async fn the_camera_moves_and_the_agent_carries_its_frames() -> Result<()> {
    let camera = Camera::start().await?;
    let octoprint = OctoPrint::start(&camera.url()).await?;
    let house = House::with_printer(&octoprint.url(), Protocol::Http2).await?;
    layerlock::run(house.data.path(), &["agent", "printer", "remove", "OctoPrint"]).await?;
    let printer = format!("octoprint={}", octoprint.url());
    let route = format!("/webcam/={}", camera.url());
    let add = ["agent", "printer", "add", &printer, "--name", "With camera", "--route", &route];
    layerlock::run(house.data.path(), &add).await?;
    wait::until("the agent to notice", SOON, || async {
        let list = house.owner.get("/api/v1/printers").await.ok()?.json().ok()?;
        (list.as_array()?.len() == 1 && list.pointer("/0/name")? == "With camera").then_some(())
    })
    .await?;

    let origin = house.owner.open(&house.printer().await?).await?;
    let mut frames =
        origin.request(Method::GET, "/webcam/?action=stream").send().await?.bytes_stream();
    let mut bytes = 0;
    while camera.forwarded() < 3 || bytes < 10_000 {
        bytes += timeout(SOON, frames.next()).await?.context("the stream ended")??.len();
    }
    Ok(())
}

fn api(origin: &PrinterOrigin<'_>, method: Method, path: &str) -> reqwest::RequestBuilder {
    origin
        .request(method, path)
        .header("X-Api-Key", OctoPrint::API_KEY)
        .header("Content-Type", "application/json")
}

async fn upload(origin: &PrinterOrigin<'_>, name: &str) -> Result<reqwest::Response> {
    let part = reqwest::multipart::Part::text(GCODE).file_name(name.to_owned());
    let form = reqwest::multipart::Form::new().part("file", part);
    let request = origin.request(Method::POST, "/api/files/local");
    Ok(request.header("X-Api-Key", OctoPrint::API_KEY).multipart(form).send().await?)
}
