//! A real Moonraker behind the relay, its printer ready.

use anyhow::{Context, Result, ensure};
use futures_util::{SinkExt, StreamExt};
use http::Method;
use serde_json::{Value, json};
use testkit::{
    client::{PrinterOrigin, Protocol, WebSocket},
    moonraker::Moonraker,
};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::house::{House, SOON};

// covers: RL-1, RL-4
#[tokio::test]
async fn moonrakers_api_answers_who_has_its_key() -> Result<()> {
    let moonraker = Moonraker::start().await?;
    let house = House::with_printers(&[("moonraker", &moonraker.url())], Protocol::Http2).await?;
    let origin = house.owner.open(&house.printer().await?).await?;

    let locked = origin.get("/server/info").await?;
    assert_eq!(locked.status, 401, "the printer's own key is the second lock: {locked:?}");
    let wrong = with_key(&origin, Method::GET, "/server/info", "0000").send().await?;
    assert_eq!(wrong.status(), 401);

    let info = with_key(&origin, Method::GET, "/server/info", moonraker.api_key()).send().await?;
    let info: Value = info.error_for_status()?.json().await?;
    assert_eq!(info.pointer("/result/klippy_state"), Some(&json!("ready")), "{info}");

    ensure!(upload(&origin, moonraker.api_key()).await? == 201, "the upload failed");
    let files = moonraker.api("/server/files/list").await?;
    assert_eq!(files.pointer("/result/0/path"), Some(&json!("cube.gcode")), "{files}");
    Ok(())
}

// covers: RL-1, RL-4
#[tokio::test]
async fn moonrakers_websocket_answers_who_has_its_key() -> Result<()> {
    let moonraker = Moonraker::start().await?;
    let house = House::with_printers(&[("moonraker", &moonraker.url())], Protocol::Http1).await?;
    let origin = house.owner.open(&house.printer().await?).await?;
    let mut socket = origin.web_socket("/websocket").await?;

    let locked = call(&mut socket, "server.info", json!({})).await?;
    assert_eq!(locked.pointer("/error/message"), Some(&json!("Unauthorized")), "{locked}");

    let who = json!({
        "client_name": "a test",
        "version": "1",
        "type": "web",
        "url": "https://example.org",
        "api_key": moonraker.api_key(),
    });
    let identified = call(&mut socket, "server.connection.identify", who).await?;
    ensure!(identified.pointer("/result/connection_id").is_some(), "{identified}");
    let info = call(&mut socket, "server.info", json!({})).await?;
    assert_eq!(info.pointer("/result/klippy_state"), Some(&json!("ready")), "{info}");

    let sibling = "https://another.localhost:1";
    ensure!(origin.web_socket_from("/websocket", sibling).await.is_err(), "a sibling got in");
    Ok(())
}

/// One call of JSON-RPC; what Moonraker tells unasked is skipped.
async fn call(socket: &mut WebSocket, method: &str, parameters: Value) -> Result<Value> {
    let call = json!({"jsonrpc": "2.0", "id": method, "method": method, "params": parameters});
    socket.send(Message::text(call.to_string())).await?;
    let answer = async {
        loop {
            let message = socket.next().await.context("the socket ended")??;
            let message: Value = serde_json::from_str(message.to_text()?).unwrap_or_default();
            if message.get("id") == Some(&json!(method)) {
                return Ok(message);
            }
        }
    };
    timeout(SOON, answer).await?
}

async fn upload(origin: &PrinterOrigin<'_>, key: &str) -> Result<u16> {
    let part = reqwest::multipart::Part::text("G28\n").file_name("cube.gcode");
    let form = reqwest::multipart::Form::new().part("file", part);
    let request = with_key(origin, Method::POST, "/server/files/upload", key).multipart(form);
    Ok(request.send().await?.status().as_u16())
}

fn with_key(
    origin: &PrinterOrigin<'_>,
    method: Method,
    path: &str,
    key: &str,
) -> reqwest::RequestBuilder {
    origin.request(method, path).header("X-Api-Key", key)
}
