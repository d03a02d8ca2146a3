//! An agent whose hub stands behind a real proxy that ends TLS and hangs up on whoever is quiet.

use anyhow::{Context, Result, ensure};
use http::Method;
use testkit::proxy::{IDLE, Kind, Proxy};
use tokio::time::{Instant, sleep_until};

use crate::{
    house::{SOON, printer},
    linking::{TwoMachines, at},
    workshop::Workshop,
};

async fn an_agent_reaches_its_hub_behind(kind: Kind, transport: &[&str]) -> Result<()> {
    let (workshop, machines) = (Workshop::start().await?, TwoMachines::start().await?);
    let proxy = Proxy::start(kind, machines.hub_data.path(), machines.hub.port()).await?;
    let (id, command) = machines.offer().await?;
    let mut behind = at(&proxy.url(), command);
    behind.extend(transport.iter().map(|&word| word.to_owned()));
    let agent = machines.linked_by((id, behind), &workshop.url()).await?;
    let printer = printer(&machines.owner, true).await?;
    let origin = machines.owner.open(&printer).await?;
    assert_eq!(origin.get("/").await?.text, "a printer");

    let upload = origin.request(Method::POST, "/upload").body(vec![0x5a; 1 << 20]);
    assert_eq!(upload.send().await?.text().await?, (1 << 20).to_string());

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
    let mut link = machines.agent(&at(&proxy.url(), command))?;
    ensure!(!link.end(SOON).await?.success(), "{}", link.output());
    ensure!(link.output().contains("can't prove the hub's key"), "{}", link.output());
    Ok(())
}
