//! An agent whose hub stands behind a real proxy that ends TLS and hangs up on whoever is quiet.

use anyhow::{Context, Result, ensure};
use testkit::{
    layerlock,
    proxy::{IDLE, Kind, Proxy},
};
use tokio::time::{Instant, sleep_until};

use crate::{
    house::{SOON, printer},
    linking::{TwoMachines, printed_words},
    workshop::Workshop,
};

/// The command for an agent, but with the proxy's address.
fn to(proxy: &Proxy, command: Vec<String>) -> Vec<String> {
    let elsewhere = |word: String| if word.starts_with("https://") { proxy.url() } else { word };
    command.into_iter().map(elsewhere).collect()
}

async fn an_agent_reaches_its_hub_behind(kind: Kind, transport: &[&str]) -> Result<()> {
    let (workshop, machines) = (Workshop::start().await?, TwoMachines::start().await?);
    let proxy = Proxy::start(kind, machines.hub_data.path(), machines.hub.port()).await?;
    let (id, command) = machines.offer().await?;
    let mut behind = to(&proxy, command);
    behind.extend(transport.iter().map(|&word| word.to_owned()));
    let mut link = machines.agent(&behind)?;
    let words = printed_words(&mut link).await?;
    machines.offer_in(&id, "claimed").await?;
    assert_eq!(machines.approve(&id, &words).await?, 200);
    ensure!(link.end(SOON).await?.success(), "{}", link.output());

    let url = format!("octoprint={}", workshop.url());
    layerlock::run(machines.agent.path(), &["agent", "printer", "add", &url]).await?;
    let mut agent = layerlock::start(machines.agent.path(), &["agent", "run"])?;
    let connected = |line: &str| line.starts_with("Connected").then_some(());
    agent.line("a connection", SOON, connected).await?;
    let printer = printer(&machines.owner, true).await?;
    let origin = machines.owner.open(&printer).await?;
    assert_eq!(origin.get("/").await?.text, "a printer");

    // Nobody does anything for longer than the proxy bears.
    sleep_until(Instant::now() + IDLE + IDLE / 2).await;
    assert_eq!(origin.get("/").await?.text, "a printer");
    let lost = agent.lines().into_iter().find(|line| line.starts_with("No connection"));
    ensure!(lost.is_none(), "{lost:?}");
    Ok(())
}

// covers: RL-1, RL-6, LK-1
#[tokio::test]
async fn an_agent_finds_its_hub_behind_nginx_by_itself() -> Result<()> {
    an_agent_reaches_its_hub_behind(Kind::Nginx, &[]).await.context("nginx")
}

// covers: RL-1, RL-6, LK-1
#[tokio::test]
async fn an_agent_finds_its_hub_behind_haproxy_by_itself() -> Result<()> {
    an_agent_reaches_its_hub_behind(Kind::Haproxy, &[]).await.context("haproxy")
}

// covers: RL-1, RL-6
#[tokio::test]
async fn an_agent_is_told_to_use_a_web_socket() -> Result<()> {
    let told = ["--transport", "web-socket"];
    an_agent_reaches_its_hub_behind(Kind::Haproxy, &told).await
}

// covers: RL-6
#[tokio::test]
async fn a_proxy_that_poses_as_the_hub_is_noticed() -> Result<()> {
    let (machines, other) = (TwoMachines::start().await?, TwoMachines::start().await?);
    let proxy = Proxy::start(Kind::Nginx, other.hub_data.path(), other.hub.port()).await?;
    let (_, command) = machines.offer().await?;
    let mut link = machines.agent(&to(&proxy, command))?;
    ensure!(!link.end(SOON).await?.success(), "{}", link.output());
    ensure!(link.output().contains("can't prove the hub's key"), "{}", link.output());
    Ok(())
}
