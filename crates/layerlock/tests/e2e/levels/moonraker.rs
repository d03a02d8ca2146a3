//! A real Moonraker, its printer ready.

use anyhow::{Result, ensure};
use printer::Level::{Controls, Print, Queue, View};
use serde_json::{Value, json};
use testkit::{
    client::{Protocol, WebSocket},
    moonraker::Moonraker,
    wait,
};

use super::{Door, Visit, closed, hear, say};
use crate::house::SOON;

const UPLOAD: &str = "/server/files/upload";

// covers: PM-3, HZ-5
#[tokio::test]
async fn each_level_does_at_moonraker_what_it_may() -> Result<()> {
    let moonraker = Moonraker::start().await?;
    let visit = Visit::to("moonraker", &moonraker.url(), Protocol::Http2).await?;
    let origin = visit.enter().await?;
    let door = Door { origin: &origin, key: moonraker.api_key() };

    visit.grant(View).await?;
    reads(&door).await?;
    for (needed, method, path, body) in [
        (Controls, "POST", "/printer/gcode/script?script=M104%20S200", ""),
        (Controls, "GET", "/printer/gcode/script?script=M104%20S200", ""),
        (Controls, "GET", "/access/api_key", ""),
        (Controls, "GET", "/server/files/config/printer.cfg", ""),
        (Controls, "GET", "/server/files/list?root=config", ""),
        (Controls, "GET", "/server/files/list?root:str=config", ""),
        (Controls, "POST", "/machine/reboot", ""),
        (Controls, "POST", "/server/unknown", "{}"),
        (Controls, "GET", "/server/unknown", ""),
        (Controls, "OPTIONS", "/server/info", ""),
        (Queue, "POST", "/printer/emergency_stop", ""),
        (Print, "POST", "/printer/print/start?filename=a.gcode", ""),
    ] {
        door.refuses(needed, method, path, body).await?;
    }

    visit.grant(Queue).await?;
    assert_eq!(
        door.upload(UPLOAD, "a.gcode", &[("root", "gcodes"), ("print", "false")]).await?.status,
        201
    );
    for fields in [&[("print", "true")][..], &[("root", "config")], &[("path", "../config")]] {
        let refused = door.upload(UPLOAD, "b.gcode", fields).await?;
        assert_eq!(refused.code(), "not-allowed", "{refused:?}");
    }
    let files = moonraker.api("/server/files/list").await?.to_string();
    ensure!(files.contains("a.gcode") && !files.contains("b.gcode"), "{files}");

    visit.grant(Print).await?;
    door.passes("POST", "/printer/print/start?filename=a.gcode", "").await?;
    wait::until("the print to begin", SOON, || async {
        let stats = moonraker.api("/printer/objects/query?print_stats").await.ok()?;
        (stats.pointer("/result/status/print_stats/filename")? == "a.gcode").then_some(())
    })
    .await?;
    gcode_in_a_file_name(&door, &moonraker).await?;

    visit.grant(Queue).await?;
    door.passes("POST", "/printer/emergency_stop", "").await?;
    wait::until("the printer to stop", SOON, || async {
        let info = moonraker.api("/server/info").await.ok()?;
        (info.pointer("/result/klippy_state")? == "shutdown").then_some(())
    })
    .await
}

/// What apps ask for first.
async fn reads(door: &Door<'_>) -> Result<()> {
    for path in [
        "/server/info",
        "/printer/info",
        "/printer/objects/list",
        "/printer/objects/query?extruder=target&print_stats",
        "/printer/gcode/help",
        "/server/files/list?root=gcodes",
        "/server/files/roots",
        "/server/temperature_store",
        "/server/history/list?limit=5&order=desc",
        "/server/history/totals",
        "/server/job_queue/status",
        "/server/webcams/list",
        "/machine/system_info",
        "/machine/proc_stats",
        "/access/info",
        "/access/oneshot_token",
    ] {
        door.passes("GET", path, "").await?;
    }
    let call = r#"{"jsonrpc":"2.0","method":"printer.info","id":1}"#;
    ensure!(door.passes("POST", "/server/jsonrpc", call).await?.text.contains("klipper_path"));
    Ok(())
}

/// Its second line would heat the nozzle.
async fn gcode_in_a_file_name(door: &Door<'_>, moonraker: &Moonraker) -> Result<()> {
    let name = "\\\" FILENAME=a.gcode ;\nM104 S200 ;";
    let parameters = json!({"filename": name});
    let call =
        json!({"jsonrpc": "2.0", "id": 1, "method": "printer.print.start", "params": parameters});
    door.refuses(Controls, "POST", "/server/jsonrpc", &call.to_string()).await?;
    door.refuses(Controls, "POST", "/printer/print/start", &parameters.to_string()).await?;
    let heater = moonraker.api("/printer/objects/query?extruder=target").await?;
    assert_eq!(heater.pointer("/result/status/extruder/target"), Some(&json!(0.0)), "{heater}");
    Ok(())
}

// covers: PM-3
#[tokio::test]
async fn view_app_sends_jsonrpc_gcode() -> Result<()> {
    let moonraker = Moonraker::start().await?;
    let visit = Visit::to("moonraker", &moonraker.url(), Protocol::Http1).await?;
    let origin = visit.enter().await?;
    visit.grant(View).await?;
    let heat = json!({"script": "M104 S200"});
    let heat = json!({"jsonrpc": "2.0", "id": 9, "method": "printer.gcode.script", "params": heat});
    let read = json!({"jsonrpc": "2.0", "id": 8, "method": "printer.info"});
    for message in [
        heat.to_string(),
        json!([heat]).to_string(),
        json!([read, heat]).to_string(),
        json!({"jsonrpc": "2.0", "id": 9, "method": "machine.reboot"}).to_string(),
        json!({"jsonrpc": "2.0", "id": 9, "method": "unknown.method"}).to_string(),
        json!({"jsonrpc": "2.0", "id": 9, "method": "printer.emergency_stop"}).to_string(),
        "M104 S200".to_owned(),
    ] {
        let mut socket = origin.web_socket("/websocket").await?;
        identify(&mut socket, moonraker.api_key()).await?;
        let subscribe = json!({"objects": {"extruder": ["target"]}});
        let status = call(&mut socket, "printer.objects.subscribe", subscribe).await?;
        let target = status.pointer("/result/status/extruder/target");
        assert_eq!(target, Some(&json!(0.0)), "{status}");
        say(&mut socket, &message).await?;
        assert_eq!(closed(&mut socket).await?, 1008, "{message}");
    }
    let mut socket = origin.web_socket("/websocket").await?;
    identify(&mut socket, moonraker.api_key()).await?;
    say(&mut socket, &json!([read, read]).to_string()).await?;
    let batch = |text: &str| super::json(text).as_array().map(Vec::len);
    assert_eq!(hear(&mut socket, batch).await?, 2, "a batch of reads is answered");
    let heater = moonraker.api("/printer/objects/query?extruder=target").await?;
    assert_eq!(heater.pointer("/result/status/extruder/target"), Some(&json!(0.0)), "{heater}");
    Ok(())
}

async fn identify(socket: &mut WebSocket, key: &str) -> Result<()> {
    let who = json!({
        "client_name": "a test",
        "version": "1",
        "type": "mobile",
        "url": "https://example.org",
        "api_key": key,
    });
    let answer = call(socket, "server.connection.identify", who).await?;
    ensure!(answer.pointer("/result/connection_id").is_some(), "{answer}");
    Ok(())
}

async fn call(socket: &mut WebSocket, method: &str, parameters: Value) -> Result<Value> {
    let call = json!({"jsonrpc": "2.0", "id": method, "method": method, "params": parameters});
    say(socket, &call.to_string()).await?;
    let answer =
        |text: &str| Some(super::json(text)).filter(|said| said.get("id") == Some(&json!(method)));
    hear(socket, answer).await
}
