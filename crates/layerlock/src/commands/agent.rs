//! `layerlock agent link` and `layerlock agent run`.

use ::agent::{Agent, Hub, Progress, Status, dial_tcp};
use anyhow::bail;
use tokio::sync::watch;

use crate::{
    arguments::Link,
    context::{Context, machine_name},
    shutdown,
};

/// Links this agent to a hub, and waits until somebody has approved it.
pub(crate) async fn link(options: Link, context: &Context) -> anyhow::Result<()> {
    let Link { hub_url, code, hub_key, name } = options;
    println!("Hub:  {}", hub_key.words().join(" "));
    let hub = Hub { url: hub_url, key: hub_key, name: name.unwrap_or_else(machine_name) };
    let home = context.agent_home()?;
    let linked =
        ::agent::link(&home, hub, &code.to_string(), context.random.as_ref(), |progress| {
            report(&progress);
        })
        .await?;
    println!("Linked to {} as {}.", linked.url, linked.name);
    if home.printers()?.entries().is_empty() {
        println!("Next: layerlock agent printer add octoprint=http://127.0.0.1:5000");
    }
    println!("Then: layerlock agent run");
    Ok(())
}

fn report(progress: &Progress) {
    match progress {
        Progress::Waiting { words } => {
            println!("Waiting for you to approve this agent on the dashboard. Its words are:");
            println!("\n    {}\n", words.join(" "));
        }
        Progress::Reconnecting => println!("The connection was lost; trying again."),
    }
}

/// Runs the agent until a signal stops it or the hub turns it away for good.
pub(crate) async fn run(context: &Context) -> anyhow::Result<()> {
    let home = context.agent_home()?;
    let Some(hub) = home.hub()? else {
        bail!(
            "this agent isn't linked to a hub yet; on the dashboard, choose Agents, Link an \
             agent, and paste the command that it shows"
        );
    };
    let printers = home.printers()?.entries().len();
    println!(
        "Layerlock {} · agent {:?} for {}",
        env!("CARGO_PKG_VERSION"),
        hub.name.as_str(),
        hub.url
    );
    println!("Printers: {printers}. It reaches these and nothing else. Stop with Ctrl-C.");
    let url = hub.url.clone();
    let agent = Agent {
        identity: home.identity()?,
        hub: hub.key,
        host: hub.url.host().to_owned(),
        name: hub.name,
        home,
        random: std::sync::Arc::clone(&context.random),
    };
    let (status, watching) = watch::channel(Status::Connecting);
    let shutdown = shutdown::on_signals()?;
    tokio::spawn(tell(watching));
    ::agent::run(agent, || dial_tcp(&url), status, shutdown).await?;
    Ok(())
}

/// Says how the connection is doing, whenever that changes.
async fn tell(mut status: watch::Receiver<Status>) {
    while status.changed().await.is_ok() {
        let now = status.borrow_and_update().clone();
        match now {
            Status::Connecting | Status::Refused(_) => {}
            Status::Connected => println!("Connected to the hub."),
            Status::Waiting { reason, retry } => {
                println!("No connection: {reason}. Next try in {:.1} s.", retry.as_secs_f32());
            }
            Status::Stopped => println!("Stopped."),
        }
    }
}
