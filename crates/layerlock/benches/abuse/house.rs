//! A hub and a linked agent as two processes, with a cable between them that can be cut, and a
//! printer that answers whatever it is asked.

use std::{
    io::Write as _,
    net::{Ipv4Addr, SocketAddr},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use http::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{
    cable::Cable,
    client::{Client, Protocol},
    layerlock::{self, Layerlock},
    process::Process,
    wait,
};
use tunnel::Fingerprint;

use crate::workshop::Workshop;

pub(crate) const OWNER: (&str, &str) = ("ada@example.org", "seven violet anvils hum");
pub(crate) const GUEST: (&str, &str) = ("grace@example.org", "nine quiet otters drift");

/// How long something may take that should take a moment.
pub(crate) const SOON: Duration = Duration::from_mins(1);

pub(crate) struct House {
    pub(crate) hub: Layerlock,
    pub(crate) agent: Process,
    pub(crate) owner: Client,
    pub(crate) printer: String,
    pub(crate) hub_key: Fingerprint,
    pub(crate) cable: Cable,
    hub_data: TempDir,
    _kept: (TempDir, Workshop),
}

impl House {
    pub(crate) async fn start() -> Result<Self> {
        let workshop = Workshop::start().await?;
        let (hub_data, agent_data) = (tempfile::tempdir()?, tempfile::tempdir()?);
        let mut hub = Layerlock::hub(hub_data.path()).await?;
        let owner = Client::new(&hub.url(), Protocol::Http2)?;
        let token = hub.setup_token().await?;
        ensure!(owner.set_up(&token, OWNER.0, OWNER.1).await?.status == 201, "no account");
        let cable = Cable::new();
        let through = cable.listen(SocketAddr::from((Ipv4Addr::LOCALHOST, hub.port()))).await?;
        let hub_key = link(&owner, &agent_data, &format!("https://{through}")).await?;
        let url = format!("octoprint={}", workshop.url());
        layerlock::run(agent_data.path(), &["agent", "printer", "add", &url]).await?;
        let agent = layerlock::start(agent_data.path(), &["agent", "run"])?;
        let printer = online(&owner).await?;
        add_guest(&hub_data)?;
        let kept = (agent_data, workshop);
        Ok(Self { hub, agent, owner, printer, hub_key, cable, hub_data, _kept: kept })
    }

    /// Grants the guest this level instead of the one before.
    pub(crate) async fn grant(&self, level: &str) -> Result<()> {
        let words = ["grant", "add", GUEST.0, &self.printer, level];
        layerlock::run(self.hub_data.path(), &words).await.map(drop)
    }
}

/// Links the agent with this folder over another way to the hub, and returns the hub's key.
async fn link(owner: &Client, data: &TempDir, way: &str) -> Result<Fingerprint> {
    let offer = owner.send(Method::POST, "/api/v1/links", Some(&json!({}))).await?.json()?;
    let (id, command) = (text(&offer, "id")?, text(&offer, "command")?);
    let mut words: Vec<&str> = command.split_whitespace().skip(1).collect();
    let origin = words.iter_mut().find(|word| word.starts_with("https://"));
    *origin.context("no address of the hub")? = way;
    let key = words.last().context("no key")?.parse()?;
    let mut link = layerlock::start(data.path(), &words)?;
    let said = link.line("the agent's words", SOON, four_words).await?;
    let path = format!("/api/v1/links/{id}/approve");
    let approved = wait::until("the approval", SOON, || async {
        let answer = owner.send(Method::POST, &path, Some(&json!({"words": said}))).await.ok()?;
        (answer.status == 200).then_some(())
    });
    approved.await?;
    ensure!(link.end(SOON).await?.success(), "{}", link.output());
    Ok(key)
}

fn four_words(line: &str) -> Option<String> {
    let words: Vec<_> = line.strip_prefix("    ")?.split_whitespace().collect();
    let are_words = words.iter().all(|word| word.bytes().all(|byte| byte.is_ascii_lowercase()));
    (words.len() == 4 && are_words).then(|| words.join(" "))
}

async fn online(owner: &Client) -> Result<String> {
    wait::until("the printer to be online", SOON, || async {
        let list = owner.get("/api/v1/printers").await.ok()?.json().ok()?;
        let printer = list.get(0)?;
        (printer.get("online")? == true).then(|| text(printer, "id").ok())?
    })
    .await
}

fn add_guest(data: &TempDir) -> Result<()> {
    let mut command = Command::new(layerlock::program()?);
    command.args(["user", "add", GUEST.0, "--data"]).arg(data.path());
    let mut running = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    writeln!(running.stdin.take().context("no input")?, "{}", GUEST.1)?;
    ensure!(running.wait()?.success(), "there is no guest");
    Ok(())
}

/// A text in a JSON object.
pub(crate) fn text(value: &Value, name: &str) -> Result<String> {
    let text = value.get(name).and_then(Value::as_str);
    Ok(text.with_context(|| format!("no {name} in {value}"))?.to_owned())
}
