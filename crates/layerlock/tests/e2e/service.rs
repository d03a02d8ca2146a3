//! As a service: what a service manager hears (`sd_notify(3)`), and what a collector of logs reads.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;
use testkit::{
    client::{Client, Protocol},
    layerlock::{Layerlock, program},
    process::Process,
};
use tokio::{net::UnixDatagram, time::timeout};

use crate::house::SOON;

/// A hub, and the socket at which its service manager listens.
struct Service {
    manager: UnixDatagram,
    hub: Process,
    _data: TempDir,
}

impl Service {
    fn start() -> Result<Self> {
        let data = tempfile::tempdir()?;
        let socket = data.path().join("notify");
        let manager = UnixDatagram::bind(&socket)?;
        let mut command = Command::new(program()?);
        command.args(["hub", "--https", "127.0.0.1:0", "--http", "127.0.0.1:0", "--data"]);
        command.arg(data.path().join("hub")).env("NOTIFY_SOCKET", &socket);
        Ok(Self { manager, hub: Process::start("layerlock hub", command)?, _data: data })
    }

    /// The next message, a line for each thing it says.
    async fn hears(&self) -> Result<Vec<String>> {
        let mut message = [0; 512];
        let length = timeout(SOON, self.manager.recv(&mut message)).await;
        let length = length.with_context(|| self.hub.lines().join("\n"))??;
        let message = std::str::from_utf8(message.get(..length).unwrap_or_default())?;
        Ok(message.lines().map(str::to_owned).collect())
    }
}

// covers: OP-3
#[tokio::test]
async fn the_service_manager_hears_who_is_ready_and_who_takes_over() -> Result<()> {
    let service = Service::start()?;
    assert_eq!(service.hears().await?, ["READY=1"]);
    let mut now = service.hub.pid();
    for _ in 0..2 {
        now = service.hub.restart(now).await?;
        assert_eq!(service.hears().await?, [format!("MAINPID={now}"), "READY=1".to_owned()]);
    }
    Ok(())
}

// covers: OP-3, SV-9
#[tokio::test]
async fn a_log_for_collectors_names_the_request_and_no_secret() -> Result<()> {
    let data = tempfile::tempdir()?;
    let settings = "[log]\nlevel = \"debug\"\nformat = \"json\"\n";
    std::fs::write(data.path().join("layerlock.toml"), settings)?;
    let mut hub = Layerlock::hub(data.path()).await?;
    let token = hub.setup_token().await?;
    let client = Client::new(&hub.url(), Protocol::Http1)?;
    let path = "/api/v1/nothing-here?key=QUERYSECRET";
    let answer = client.get(path).await?;
    assert_eq!(answer.status, 404);
    let id = answer.header("x-request-id").to_owned();
    let made = client.set_up(&token, "anna@example.com", "a BODYSECRET of hers").await?;
    assert_eq!(made.status, 201);
    let said = hub.stop().await?;
    let entries: Vec<Value> = said
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    ensure!(entries.iter().all(|entry| entry["timestamp"].is_string()), "{said}");
    let answered = |entry: &&Value| entry["message"] == "answered" && entry["span"]["id"] == id;
    let answered = entries.iter().find(answered).with_context(|| said.clone())?;
    assert_eq!(answered["status"], 404);
    assert_eq!(answered["span"]["path"], "/api/v1/nothing-here");
    for secret in ["QUERYSECRET", "BODYSECRET"] {
        ensure!(!said.contains(secret), "{secret} is in the log");
    }
    let logged = |text: &str| entries.iter().any(|entry| entry.to_string().contains(text));
    ensure!(!logged(&token), "the setup link's token is in the log");
    Ok(())
}
