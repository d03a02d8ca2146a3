//! Everything that a browser test needs, as one program: `rig up` or `rig hub-agent`.
//!
//! It prints one JSON object per line. The first says where everything is; then, for each line of
//! standard input that is a JSON array of words, `layerlock` is run with these words on the
//! agent's data, and what it prints follows as `{"printed": "..."}`. The word `"stop"` alone
//! stops the program started last. When standard input closes, everything ends.

use std::{
    io::{BufRead, stdin},
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

#[tokio::main]
async fn main() -> Result<()> {
    let mode = std::env::args().nth(1).unwrap_or_default();
    let camera = Camera::start().await?;
    let octoprint = OctoPrint::start(&camera.url()).await?;
    let directory = tempfile::Builder::new().prefix("layerlock-rig-").tempdir()?;
    let agent_data = directory.path().join("agent-side");
    let route = format!("/webcam/={}", camera.url());
    let printer = format!("octoprint={}", octoprint.url());
    let add = ["agent", "printer", "add", &printer, "--name", "Workshop", "--route", &route];
    layerlock::run(&agent_data, &add).await?;
    let mut hub = match mode.as_str() {
        "up" => Layerlock::up(&agent_data, &[]).await?,
        "hub-agent" => Layerlock::hub(&directory.path().join("hub-side")).await?,
        _ => bail!("usage: rig up|hub-agent"),
    };
    say(&json!({
        "url": hub.url(),
        "setup_link": format!("{}/setup#{}", hub.url(), hub.setup_token().await?),
        "printer": "Workshop",
        "octoprint": {"url": octoprint.url(), "user": OctoPrint::ADMIN.0,
                      "password": OctoPrint::ADMIN.1, "api_key": OctoPrint::API_KEY},
        "camera": camera.url(),
        "pids": {"layerlock": hub.pid(), "octoprint": octoprint.pid()},
    }));
    obey(commands(), &agent_data).await
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

async fn obey(
    mut commands: mpsc::UnboundedReceiver<String>,
    agent_data: &std::path::Path,
) -> Result<()> {
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
    agent_data: &std::path::Path,
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
