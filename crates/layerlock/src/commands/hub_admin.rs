//! `layerlock hub agents` and `layerlock hub unlink`: what the hub's own machine can say about
//! agents without the dashboard.

use anyhow::ensure;
use printer::AgentId;

use crate::{arguments::HubCommand, context::Context, moment, terminal};

/// Does what was asked.
pub(crate) async fn run(command: HubCommand, context: &Context) -> anyhow::Result<()> {
    match command {
        HubCommand::Agents => agents(context).await,
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
