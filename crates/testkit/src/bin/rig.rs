//! Everything that a browser test needs, as one program: `rig up`, `rig hub-agent` or `rig gate`;
//! `rig bare` is OctoPrint and the camera alone, to see whether a fault is theirs.
//!
//! It prints one JSON object per line. The first says where everything is; then, for each line of
//! standard input that is a JSON array of words, `layerlock` is run with these words on the
//! agent's data, and what it prints follows as `{"printed": "..."}`. The word `"stop"` alone
//! stops the program started last. When standard input closes, everything ends.

use std::{
    io::{BufRead, stdin},
    path::Path,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use testkit::{
    camera::Camera,
    layerlock::{self, Layerlock},
    octoprint::OctoPrint,
    process::Process,
};
use tokio::{sync::mpsc, time::interval};

const PAUSE: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(20);

/// The printer's name on the dashboard.
const PRINTER: &str = "Workshop";

/// Who may pass the gate from outside, and the hash that `openssl passwd -5` made of it.
const GUEST: (&str, &str) = ("ada", "rattling teapot");
const HASH: &str = "$5$e2egate$DyEgrBk12.FdX1CfmFgQc0fb40JCyfEdwzYY7fsG7H1";

#[tokio::main]
async fn main() -> Result<()> {
    let mode = std::env::args().nth(1).unwrap_or_default();
    let camera = Camera::start().await?;
    let octoprint = OctoPrint::start(&camera.url()).await?;
    let directory = tempfile::Builder::new().prefix("layerlock-rig-").tempdir()?;
    let agent_data = directory.path().join("agent-side");
    let hub_data = directory.path().join("hub-side");
    if mode == "up" || mode == "hub-agent" {
        add_printer(&agent_data, &octoprint, &camera).await?;
    }
    let mut hub = match mode.as_str() {
        "up" => Some(Layerlock::up(&agent_data, &[]).await?),
        "hub-agent" => Some(Layerlock::hub(&hub_data).await?),
        "gate" | "bare" => None,
        _ => bail!("usage: rig up|hub-agent|gate|bare"),
    };
    let gate = match mode.as_str() {
        "gate" => Some(gate(directory.path(), &octoprint, &camera).await?),
        _ => None,
    };
    say(&json!({
        "hub": about_hub(hub.as_mut()).await?,
        "gate": gate.as_ref().map(|(_, about)| about),
        "printer": PRINTER,
        "octoprint": {
            "url": octoprint.url(),
            "user": OctoPrint::ADMIN.0,
            "password": OctoPrint::ADMIN.1,
            "api_key": OctoPrint::API_KEY,
            "pid": octoprint.pid(),
        },
        "camera": camera.url(),
    }));
    obey(commands(), &agent_data).await
}

async fn add_printer(agent_data: &Path, octoprint: &OctoPrint, camera: &Camera) -> Result<()> {
    let printer = format!("octoprint={}", octoprint.url());
    let route = format!("/webcam/={}", camera.url());
    let add = ["agent", "printer", "add", &printer, "--name", PRINTER, "--route", &route];
    layerlock::run(agent_data, &add).await.map(drop)
}

async fn about_hub(hub: Option<&mut Layerlock>) -> Result<Value> {
    let Some(hub) = hub else { return Ok(Value::Null) };
    let setup_link = format!("{}/setup#{}", hub.url(), hub.setup_token().await?);
    Ok(json!({"url": hub.url(), "setup_link": setup_link, "pid": hub.pid()}))
}

/// A gate that takes the browser's address for outside. It ends with its process.
async fn gate(data: &Path, octoprint: &OctoPrint, camera: &Camera) -> Result<(Process, Value)> {
    let settings = format!(
        "[gate]\nupstream = {:?}\ninside = [\"127.0.0.2\"]\nroutes = {{ \"/webcam/\" = {:?} }}\n\
         users = {{ {} = {HASH:?} }}\n",
        octoprint.url(),
        camera.url(),
        GUEST.0,
    );
    std::fs::write(data.join("layerlock.toml"), settings)?;
    let mut process = layerlock::start(data, &["gate", "--listen", "127.0.0.1:0"])?;
    let port = process.line("the gate's address", PATIENCE, gate_port).await?;
    let url = format!("https://localhost:{port}");
    Ok((process, json!({"url": url, "user": GUEST.0, "password": GUEST.1})))
}

fn gate_port(line: &str) -> Option<u16> {
    let address = line.trim().strip_prefix("Gate")?.trim().strip_prefix("https://")?;
    address.rsplit_once(':')?.1.parse().ok()
}

/// What comes from standard input, line by line.
fn commands() -> mpsc::UnboundedReceiver<String> {
    let (sender, receiver) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        let lines = stdin().lock().lines().map_while(Result::ok);
        lines.take_while(|line| sender.send(line.clone()).is_ok()).for_each(drop);
    });
    receiver
}

async fn obey(mut commands: mpsc::UnboundedReceiver<String>, agent_data: &Path) -> Result<()> {
    let mut running: Vec<(Process, usize)> = Vec::new();
    let mut beat = interval(PAUSE);
    loop {
        tokio::select! {
            command = commands.recv() => match command {
                Some(command) => carry_out(&command, agent_data, &mut running).await?,
                None => return Ok(()),
            },
            _ = beat.tick() => running.iter_mut().for_each(tell),
        }
    }
}

async fn carry_out(
    command: &str,
    agent_data: &Path,
    running: &mut Vec<(Process, usize)>,
) -> Result<()> {
    match serde_json::from_str(command)? {
        Value::String(word) if word == "stop" => {
            let (process, _) = running.pop().context("nothing to stop")?;
            let status = process.stop(PATIENCE).await?;
            say(&json!({"stopped": status.code()}));
        }
        words => {
            let words: Vec<String> = serde_json::from_value(words)?;
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            running.push((layerlock::start(agent_data, &words)?, 0));
        }
    }
    Ok(())
}

/// Passes on what a program has printed since the last time.
fn tell((process, told): &mut (Process, usize)) {
    let lines = process.lines();
    for line in lines.iter().skip(*told) {
        say(&json!({"printed": line}));
    }
    *told = lines.len();
}

fn say(value: &Value) {
    println!("{value}");
}
