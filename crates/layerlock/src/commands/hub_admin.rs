//! `layerlock hub agents`, `unlink` and `rotate-key`: what the hub's own machine can say about agents
//! and the key by which they know the hub, without the dashboard.

use ::hub::rotation;
use anyhow::{Context as _, ensure};
use printer::AgentId;
use store::Agent;
use tunnel::PublicKey;

use crate::{arguments::HubCommand, context::Context, moment, terminal};

/// Does what was asked.
pub(crate) async fn run(command: HubCommand, context: &Context) -> anyhow::Result<()> {
    match command {
        HubCommand::Agents => agents(context).await,
        HubCommand::RotateKey { switch: false, .. } => rotate(context).await,
        HubCommand::RotateKey { switch: true, force } => switch(force, context).await,
        HubCommand::Unlink { agent } => unlink(agent, context).await,
    }
}

async fn agents(context: &Context) -> anyhow::Result<()> {
    let agents = context.admin().await?.agents().await?;
    if agents.is_empty() {
        println!("No agent is linked. On the dashboard, choose Agents, Link an agent.");
        return Ok(());
    }
    let rows: Vec<_> = agents
        .into_iter()
        .map(|agent| {
            let seen = agent.last_seen.map(moment::to_text).unwrap_or_default();
            [agent.id.to_string(), agent.name.into(), moment::to_text(agent.linked), seen]
        })
        .collect();
    terminal::table(["ID", "NAME", "LINKED", "LAST SEEN"], &rows);
    Ok(())
}

async fn unlink(agent: AgentId, context: &Context) -> anyhow::Result<()> {
    let unlinked = context.admin().await?.unlink_agent(agent).await?;
    ensure!(unlinked, "no agent with this id is linked; `layerlock hub agents` lists them");
    println!("Unlinked. The agent stays closed until it is linked again at its own machine.");
    Ok(())
}

/// Makes the next key, or says who knows it.
async fn rotate(context: &Context) -> anyhow::Result<()> {
    let agents = context.admin().await?.agents().await?;
    let next = rotation::make_next_key(context.data.path())?;
    let behind = without(&next, &agents);
    println!("Next key: {}", next.fingerprint().words().join(" "));
    println!("{} of {} agents know it.", agents.len() - behind.len(), agents.len());
    for agent in &behind {
        println!("  not yet: {} ({})", agent.name, agent.id);
    }
    println!("A running hub tells it to every agent that is or gets connected. When all know it:");
    println!("  layerlock hub rotate-key --switch");
    Ok(())
}

async fn switch(force: bool, context: &Context) -> anyhow::Result<()> {
    let agents = context.admin().await?.agents().await?;
    let data = context.data.path();
    let next = rotation::next_key(data)?;
    let next = next.context("there is no next key yet; run `layerlock hub rotate-key` first")?;
    let behind = without(&next, &agents);
    ensure!(
        force || behind.is_empty(),
        "{} of {} agents don't know the next key yet and would have to be linked again; wait until \
         they were connected (`layerlock hub rotate-key` lists them), unlink them, or add --force",
        behind.len(),
        agents.len()
    );
    rotation::change_to_next_key(data)?;
    println!("The hub has its next key. Start it again now, so that it uses it.");
    Ok(())
}

/// The agents that don't know this key.
fn without<'a>(key: &PublicKey, agents: &'a [Agent]) -> Vec<&'a Agent> {
    let fingerprint = key.fingerprint();
    let knows =
        |agent: &&Agent| agent.hub_key.as_deref() == Some(fingerprint.as_bytes().as_slice());
    agents.iter().filter(|agent| !knows(agent)).collect()
}
