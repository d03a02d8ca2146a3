//! `layerlock agent link` and `layerlock agent run`.

use std::sync::Arc;

use ::agent::{Agent, Hub, Lineage, Linked, Machine, Progress, Status, dial_tcp};
use anyhow::bail;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use wire::Refusal;

use crate::{
    arguments::{Link, MachineId},
    context::{Context, machine_name},
    shutdown,
};

/// Links this agent to a hub, and waits until somebody has approved it.
pub(crate) async fn link(options: Link, context: &Context) -> anyhow::Result<()> {
    let Link { hub_url, code, hub_key, name, transport, machine } = options;
    println!("Hub:  {}", hub_key.words().join(" "));
    let name = name.unwrap_or_else(machine_name);
    let hub = Hub { url: hub_url, key: hub_key, name, transport, closed: None, next_key: None };
    let home = context.agent_home()?;
    home.check_machine(&here(&machine), context.random.as_ref())?;
    let Linked { hub, replaces } =
        ::agent::link(&home, hub, &code.to_string(), context.random.as_ref(), |progress| {
            report(&progress);
        })
        .await?;
    match replaces {
        Some(other) => {
            println!(
                "Linked to {} in the place of {other}, whose old key opens nothing now.",
                hub.url
            );
            println!(
                "Printers with the same names and kinds keep their addresses there, and what \
                 people may do with them."
            );
        }
        None => println!("Linked to {} as {}.", hub.url, hub.name),
    }
    if home.printers()?.entries().is_empty() {
        println!("Next: layerlock agent printer add octoprint=http://127.0.0.1:5000");
    }
    println!("Then: layerlock agent run");
    Ok(())
}

fn here(machine: &MachineId) -> Machine {
    Machine::here(machine.machine_id.as_deref())
}

/// Makes this machine the key's own.
pub(crate) fn confirm(machine: &MachineId, context: &Context) -> anyhow::Result<()> {
    context.agent_home()?.confirm_machine(&here(machine), context.random.as_ref())?;
    println!("This agent's key belongs on this machine from now on.");
    Ok(())
}

/// Forgets the key and the hub.
pub(crate) fn forget_key(context: &Context) -> anyhow::Result<()> {
    context.agent_home()?.forget_key(context.clock.as_ref(), context.random.as_ref())?;
    println!(
        "The key and the hub are forgotten; the printers stay. On the dashboard, choose Agents, \
         Link an agent, and run the command that it shows. The old agent stays listed there until \
         you unlink it."
    );
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
pub(crate) async fn run(machine: &MachineId, context: &Context) -> anyhow::Result<()> {
    let home = context.agent_home()?;
    let Some(hub) = home.hub()? else {
        bail!(
            "this agent isn't linked to a hub yet; on the dashboard, choose Agents, Link an \
             agent, and paste the command that it shows"
        );
    };
    home.check_machine(&here(machine), context.random.as_ref())?;
    if let Some(closed) = hub.closed {
        return Err(::agent::Error::from(closed).into());
    }
    let lineage = Lineage::new(context.random.as_ref(), context.predecessor.run);
    introduce(&hub, &home)?;
    let url = hub.url.clone();
    let leaving = CancellationToken::new();
    let agent = Agent {
        identity: home.identity()?,
        hub: hub.key,
        authority: hub.url.authority(),
        transport: hub.transport,
        name: hub.name,
        home,
        lineage,
        leaving: leaving.clone(),
        random: Arc::clone(&context.random),
    };
    let (status, watching) = watch::channel(Status::Connecting);
    let shutdown = shutdown::on_signals()?;
    tokio::spawn(tell(watching.clone()));
    if let Some(succession) = context.succession(lineage.run)? {
        tokio::spawn(succession.on_signal(leaving, shutdown.clone()));
    }
    let running = ::agent::run(agent, || dial_tcp(&url), status, shutdown);
    let (ran, ()) = tokio::join!(running, be_ready(context, watching));
    Ok(ran?)
}

/// A service manager shall not wait for a hub that is away. A predecessor does: it has a
/// connection.
async fn be_ready(context: &Context, mut status: watch::Receiver<Status>) {
    let connected = |status: &Status| *status == Status::Connected;
    if context.predecessor.is_there() && status.wait_for(connected).await.is_err() {
        return;
    }
    context.predecessor.ready();
}

fn introduce(hub: &Hub, home: &::agent::Home) -> anyhow::Result<()> {
    let printers = home.printers()?.entries().len();
    println!(
        "Layerlock {} · agent {:?} for {}",
        env!("CARGO_PKG_VERSION"),
        hub.name.as_str(),
        hub.url
    );
    println!("Printers: {printers}. It reaches these and nothing else. Stop with Ctrl-C.");
    Ok(())
}

/// Says how the connection is doing, whenever that changes.
async fn tell(mut status: watch::Receiver<Status>) {
    while status.changed().await.is_ok() {
        let now = status.borrow_and_update().clone();
        match now {
            // An end that is final is said at the end.
            Status::Connecting | Status::Refused(Refusal::Revoked | Refusal::Replaced) => {}
            Status::Refused(refusal) => println!("Refused: {refusal}. Next try in a minute."),
            Status::Connected => println!("Connected to the hub."),
            Status::Waiting { reason, retry } => {
                println!("No connection: {reason}. Next try in {:.1} s.", retry.as_secs_f32());
            }
            Status::Stopped => println!("Stopped."),
        }
    }
}
