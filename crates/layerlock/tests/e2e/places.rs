//! Who may have an agent's place at the hub: copies of its card, machines that replace it, and
//! agents that were unlinked. Everything on the built program, with its command line.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};
use http::Method;
use serde_json::json;
use testkit::{
    client::{Client, Protocol},
    layerlock::{self, Layerlock},
    process::Process,
    wait,
};

use crate::{
    house::{House, OWNER, SOON, printer, text},
    linking::{TwoMachines, printed_words},
    workshop::Workshop,
};

/// How a program ends that must not be started again by itself.
const CLOSED: Option<i32> = Some(3);

/// Runs the command of an offer on a machine and approves it.
pub(crate) async fn link(
    machines: &TwoMachines,
    data: &Path,
    offers: &str,
    machine: &str,
) -> Result<String> {
    let (id, mut command) = machines.offer_at(offers).await?;
    command.extend(["--machine-id".to_owned(), machine.to_owned()]);
    let words: Vec<_> = command.iter().map(String::as_str).collect();
    let mut link = layerlock::start(data, &words)?;
    let words = printed_words(&mut link).await?;
    machines.offer_in(&id, "claimed").await?;
    assert_eq!(machines.approve(&id, &words).await?, 200);
    ensure!(link.end(SOON).await?.success(), "{}", link.output());
    Ok(link.output())
}

/// A running agent.
pub(crate) async fn run(data: &Path, machine: &str) -> Result<Process> {
    let mut agent = layerlock::start(data, &["agent", "run", "--machine-id", machine])?;
    agent.line("the connection", SOON, |line| line.contains("Connected").then_some(())).await?;
    Ok(agent)
}

/// The only agent of the owner.
async fn only_agent(owner: &Client) -> Result<serde_json::Value> {
    let agents = owner.get("/api/v1/agents").await?.json()?;
    ensure!(agents.as_array().map(Vec::len) == Some(1), "{agents}");
    agents.get(0).cloned().context("no agent")
}

// covers: LK-3, RL-6
#[tokio::test]
async fn cloned_sd_card() -> Result<()> {
    let machines = TwoMachines::start().await?;
    let card = machines.agent.path();
    link(&machines, card, "/api/v1/links", "pi").await?;
    let agent = run(card, "pi").await?;
    let copy = tempfile::tempdir()?;
    fs::create_dir(copy.path().join("agent"))?;
    for file in fs::read_dir(card.join("agent"))? {
        let file = file?;
        fs::copy(file.path(), copy.path().join("agent").join(file.file_name()))?;
    }

    let elsewhere = ["agent", "run", "--machine-id", "other"];
    let mut stopped = layerlock::start(copy.path(), &elsewhere)?;
    assert_eq!(stopped.end(SOON).await?.code(), CLOSED);
    ensure!(stopped.output().contains("made on another machine"), "{}", stopped.output());

    // Somebody says that it is right, but the first one runs on.
    let confirm = ["agent", "confirm-machine", "--machine-id", "other"];
    layerlock::run(copy.path(), &confirm).await?;
    let mut second = layerlock::start(copy.path(), &elsewhere)?;
    let refused = |line: &str| line.contains("Refused: another machine").then_some(());
    second.line("the refusal", SOON, refused).await?;
    let seen = only_agent(&machines.owner).await?;
    ensure!(seen.get("rival").is_some_and(|rival| !rival.is_null()), "nobody is told: {seen}");
    assert_eq!(seen.get("online"), Some(&json!(true)));
    let said = agent.lines().join("\n");
    ensure!(!said.contains("No connection"), "a war: {said}");
    Ok(())
}

// covers: LK-3, RL-6
#[tokio::test]
async fn an_agent_that_another_program_unlinks_stays_closed() -> Result<()> {
    let machines = TwoMachines::start().await?;
    let card = machines.agent.path();
    link(&machines, card, "/api/v1/links", "pi").await?;
    let mut agent = run(card, "pi").await?;
    let id = text(&only_agent(&machines.owner).await?, "id")?;
    layerlock::run(machines.hub_data.path(), &["hub", "unlink", &id]).await?;
    assert_eq!(agent.end(SOON).await?.code(), CLOSED);
    ensure!(agent.output().contains("unlinked at the hub"), "{}", agent.output());

    let TwoMachines { hub, agent: card, .. } = machines;
    hub.stop().await?;
    let mut again = layerlock::start(card.path(), &["agent", "run", "--machine-id", "pi"])?;
    assert_eq!(again.end(SOON).await?.code(), CLOSED, "it looks for the hub");
    Ok(())
}

async fn sign_in(layerlock: &Layerlock) -> Result<Client> {
    let owner = Client::new(&layerlock.url(), Protocol::Http2)?;
    ensure!(owner.sign_in(OWNER.0, OWNER.1).await?.status == 200, "{:?}", layerlock.lines());
    Ok(owner)
}

// covers: LK-3
#[tokio::test]
async fn remote_unlink_of_ups_own_agent_then_restart() -> Result<()> {
    let workshop = Workshop::start().await?;
    let house = House::with_printer(&workshop.url(), Protocol::Http2).await?;
    house.printer().await?;
    let id = text(&only_agent(&house.owner).await?, "id")?;
    let path = format!("/api/v1/agents/{id}");
    assert_eq!(house.owner.send(Method::DELETE, &path, None).await?.status, 204);
    let House { mut layerlock, owner, data } = house;
    layerlock.says("its printers stay closed").await?;
    ensure!(owner.get("/api/v1/agents").await?.status == 200, "the hub has ended, too");

    layerlock.stop().await?;
    let mut restarted = Layerlock::up(data.path(), &[]).await?;
    restarted.says("layerlock up --link-again").await?;
    let agent = only_agent(&sign_in(&restarted).await?).await?;
    ensure!(agent.get("unlinked").is_some_and(|at| !at.is_null()), "it linked itself: {agent}");

    restarted.stop().await?;
    let linked = Layerlock::up(data.path(), &["--link-again"]).await?;
    printer(&sign_in(&linked).await?, true).await?;
    Ok(())
}

// covers: LK-3, RL-6
#[tokio::test]
async fn a_new_card_takes_the_agents_place_and_the_old_one_stays_closed() -> Result<()> {
    let (workshop, machines) = (Workshop::start().await?, TwoMachines::start().await?);
    let old = machines.agent.path();
    link(&machines, old, "/api/v1/links", "pi").await?;
    let url = format!("octoprint={}", workshop.url());
    let add = ["agent", "printer", "add", &url];
    layerlock::run(old, &add).await?;
    let agent = run(old, "pi").await?;
    let before = printer(&machines.owner, true).await?;
    let id = text(&only_agent(&machines.owner).await?, "id")?;
    agent.stop(SOON).await?;
    printer(&machines.owner, false).await?;

    let new = tempfile::tempdir()?;
    let offers = format!("/api/v1/agents/{id}/replacement");
    let said = link(&machines, new.path(), &offers, "new").await?;
    ensure!(said.contains("in the place of"), "{said}");
    layerlock::run(new.path(), &add).await?;
    let _agent = run(new.path(), "new").await?;
    assert_eq!(printer(&machines.owner, true).await?, before, "it is another printer now");
    let origin = machines.owner.open(&before).await?;
    assert_eq!(origin.get("/").await?.text, "a printer");
    assert_eq!(text(&only_agent(&machines.owner).await?, "id")?, id);

    let mut late = layerlock::start(old, &["agent", "run", "--machine-id", "pi"])?;
    assert_eq!(late.end(SOON).await?.code(), CLOSED);
    ensure!(late.output().contains("taken this agent's place"), "{}", late.output());
    Ok(())
}

// covers: LK-3, RL-6
#[tokio::test]
async fn an_agent_that_the_hub_does_not_know_says_so_and_waits() -> Result<()> {
    let machines = TwoMachines::start().await?;
    let card = machines.agent.path();
    link(&machines, card, "/api/v1/links", "pi").await?;
    for file in ["key.pem", "machine.toml"] {
        fs::remove_file(card.join("agent").join(file))?;
    }
    let mut agent = layerlock::start(card, &["agent", "run", "--machine-id", "pi"])?;
    let unknown = |line: &str| line.contains("doesn't know this agent").then_some(());
    agent.line("the refusal", SOON, unknown).await?;
    let first =
        wait::until("one agent", SOON, || async { only_agent(&machines.owner).await.ok() }).await;
    assert_eq!(first?.get("online"), Some(&json!(false)));
    agent.stop(SOON).await?;
    Ok(())
}
