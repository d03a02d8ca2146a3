//! The hub's key changes: with its agents, or without them.

use std::fs;

use anyhow::{Result, ensure};
use testkit::{layerlock, wait};

use crate::{
    house::SOON,
    linking::TwoMachines,
    places::{link, run},
};

// covers: RL-6
#[tokio::test]
async fn a_hub_changes_its_key_and_keeps_its_agents() -> Result<()> {
    let machines = TwoMachines::start().await?;
    let (card, data) = (machines.agent.path(), machines.hub_data.path());
    link(&machines, card, "/api/v1/links", "pi").await?;
    let mut early = layerlock::start(data, &["hub", "rotate-key", "--switch"])?;
    ensure!(!early.end(SOON).await?.success(), "there is no next key");
    layerlock::run(data, &["hub", "rotate-key"]).await?;
    let mut alone = layerlock::start(data, &["hub", "rotate-key", "--switch"])?;
    ensure!(!alone.end(SOON).await?.success(), "no agent knows it");
    ensure!(alone.output().contains("1 of 1 agents don't know"), "{}", alone.output());

    // It was off when the key was made, and hears of it when it comes back.
    let agent = run(card, "pi").await?;
    wait::until("the agent to know the next key", SOON, || async {
        let said = layerlock::run(data, &["hub", "rotate-key"]).await.ok()?;
        said.contains("1 of 1 agents know it").then_some(())
    })
    .await?;
    let before = fs::read_to_string(card.join("agent/hub.toml"))?;
    layerlock::run(data, &["hub", "rotate-key", "--switch"]).await?;
    let _hub = machines.hub.kill_and_restart().await?;
    wait::until("the agent to be back", SOON, || {
        let said = agent.lines();
        let connected = said.iter().filter(|line| line.contains("Connected")).count();
        std::future::ready((connected == 2).then_some(()))
    })
    .await?;
    let after = fs::read_to_string(card.join("agent/hub.toml"))?;
    ensure!(before.contains("next_key") && !after.contains("next_key"), "{before}\n{after}");
    Ok(())
}

// covers: RL-6
#[tokio::test]
async fn hub_key_swapped_without_announcement() -> Result<()> {
    let machines = TwoMachines::start().await?;
    let (card, data) = (machines.agent.path(), machines.hub_data.path());
    link(&machines, card, "/api/v1/links", "pi").await?;
    let mut agent = run(card, "pi").await?;
    let pinned = fs::read_to_string(card.join("agent/hub.toml"))?;
    fs::remove_file(data.join("hub/key.pem"))?;
    let hub = machines.hub.kill_and_restart().await?;
    let refused = |line: &str| line.contains("can't prove the hub's key").then_some(());
    agent.line("the refusal", SOON, refused).await?;
    assert_eq!(fs::read_to_string(card.join("agent/hub.toml"))?, pinned);
    hub.stop().await.map(drop)
}
