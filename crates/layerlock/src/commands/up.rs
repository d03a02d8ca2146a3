//! `layerlock up`: hub and agent in one process. They speak the real tunnel protocol, with both
//! keys proven, over a connection in memory, so that nothing is different from two machines but
//! the wire.

use std::{io, sync::Arc};

use ::agent::{Agent, Closed, Home, Lineage, NewPrinter, OCTOPRINT_CANDIDATES, Status, Transport};
use ::hub::Hub;
use anyhow::Context as _;
use edge::Listening;
use printer::Kind;
use tokio::{io::DuplexStream, sync::watch};
use tokio_util::sync::CancellationToken;

use super::{hub, printer::add_to};
use crate::{
    arguments::Up,
    context::{Context, machine_name},
    shutdown,
};

/// How much the connection in memory holds in each direction, in bytes.
const PIPE: usize = 256 * 1024;

/// Runs hub and agent until a signal stops them.
pub(crate) async fn run(options: Up, mut context: Context) -> anyhow::Result<()> {
    context.listen_at(options.listen);
    let shutdown = shutdown::on_signals()?;
    let home = context.agent_home()?;
    add_printers(&home, options.printers, &context).await?;
    let (hub, listeners, listening) = hub::open(&context).await?;
    // What a person asked for at the start was done then: a successor doesn't do it again.
    let again = options.link_again && !context.predecessor.is_there();
    let closed = link(&hub, &home, again).await?;

    if !context.predecessor.is_there() {
        introduce(&hub, listening, &home, closed, &context).await?;
    }

    // What is running at the hub still needs the agent, so the agent stops after it.
    let served = CancellationToken::new();
    let (status, watching) = watch::channel(Status::Connecting);
    let ready = be_ready(closed.is_none() && context.predecessor.is_there(), watching);
    let serve = async {
        let _then_the_agent = served.clone().drop_guard();
        hub::serve(&hub, listeners, &context, shutdown, ready).await
    };
    let agent = async {
        match closed {
            Some(_) => Ok(()),
            None => run_agent(Arc::clone(&hub), home, &context, status, served.clone()).await,
        }
    };
    tokio::try_join!(serve, agent).map(|((), ())| ())
}

/// Whoever takes over from another process lets people in when it can carry them to the printers.
async fn be_ready(takes_over: bool, mut status: watch::Receiver<Status>) {
    if takes_over {
        let _ = status.wait_for(|status| *status == Status::Connected).await;
    }
}

async fn introduce(
    hub: &Hub,
    listening: Listening,
    home: &Home,
    closed: Option<Closed>,
    context: &Context,
) -> anyhow::Result<()> {
    println!("Layerlock {} · hub and agent on this machine\n", env!("CARGO_PKG_VERSION"));
    hub::introduce(hub, listening, context).await?;
    list_printers(home)?;
    closed.into_iter().for_each(say_closed);
    println!(
        "\n  Here hub and agent share one process. Whoever takes over this process holds both;"
    );
    println!("  run them on two machines (`layerlock hub`, `layerlock agent`) to separate them.");
    println!("\nStop with Ctrl-C.");
    Ok(())
}

/// Links this machine's agent at its first start, or because it was asked for. Returns why it stays
/// closed, if it does.
async fn link(hub: &Hub, home: &Home, again: bool) -> anyhow::Result<Option<Closed>> {
    let (key, name) = (home.identity()?.public_key(), machine_name());
    if again {
        hub.admin().link_local_agent_again(&key, name).await?;
        return Ok(None);
    }
    let refusal = hub.admin().link_local_agent(&key, name).await?;
    Ok(refusal.and_then(Closed::by))
}

/// The hub goes on without this machine's agent: other agents and the dashboard need it.
fn say_closed(why: Closed) {
    let (happened, way) = match why {
        Closed::Replaced => (
            "Another machine has taken the place of this machine's agent",
            "run `layerlock agent forget-key`, then start Layerlock again",
        ),
        _ => (
            "This machine's agent was unlinked on the dashboard",
            "start Layerlock once with `layerlock up --link-again`",
        ),
    };
    println!("\n  {happened}; its printers stay closed.");
    println!("  To link it again, {way}.");
}

/// Adds what was asked for; with nothing asked for and nothing there, what is found.
async fn add_printers(
    home: &Home,
    asked: Vec<NewPrinter>,
    context: &Context,
) -> anyhow::Result<()> {
    let printers = home.printers()?;
    for printer in &asked {
        let known = printers.entries().iter().any(|entry| entry.url == printer.url);
        if !known {
            let url = printer.url.to_string();
            add_to(home, printer.clone(), context).await.with_context(|| url)?;
        }
    }
    if !asked.is_empty() || !printers.entries().is_empty() {
        return Ok(());
    }
    if let Some(url) = ::agent::find_octoprint(&OCTOPRINT_CANDIDATES).await {
        let found = NewPrinter { name: None, kind: Kind::OctoPrint, url, routes: Vec::new() };
        add_to(home, found, context).await?;
    }
    Ok(())
}

fn list_printers(home: &Home) -> anyhow::Result<()> {
    let printers = home.printers()?;
    println!();
    for entry in printers.entries() {
        println!("  Printer      {} ({} at {})", entry.name, entry.kind, entry.url);
    }
    if printers.entries().is_empty() {
        println!("  Printer      none yet, and no OctoPrint was found on this machine. Add one:");
        println!("               layerlock agent printer add octoprint=http://192.168.1.50");
    }
    Ok(())
}

async fn run_agent(
    hub: Arc<Hub>,
    home: Home,
    context: &Context,
    status: watch::Sender<Status>,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let agent = Agent {
        identity: home.identity()?,
        hub: hub.key().fingerprint(),
        authority: "localhost".to_owned(),
        transport: Transport::Direct,
        name: machine_name(),
        home,
        lineage: Lineage::new(context.random.as_ref(), context.predecessor.run),
        // Its hub is in this process, and needs it to the end.
        leaving: CancellationToken::new(),
        random: Arc::clone(&context.random),
    };
    let dial = || std::future::ready(io::Result::Ok(attach(&hub)));
    match ::agent::run(agent, dial, status, shutdown).await {
        Err(::agent::Error::Closed(why)) => {
            say_closed(why);
            Ok(())
        }
        ended => Ok(ended?),
    }
}

/// One connection in memory, whose other end the hub takes in.
fn attach(hub: &Arc<Hub>) -> DuplexStream {
    let (ours, theirs) = tokio::io::duplex(PIPE);
    let hub = Arc::clone(hub);
    tokio::spawn(async move { hub.attach(theirs).await });
    ours
}
