//! `layerlock gate`: one printer's pages behind a locked door.

mod from_haproxy;

use std::net::SocketAddr;

use ::gate::{Config, Gate, Parts, Patience, Settings, haproxy::Report, rules::Networks};
use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tunnel::Fingerprint;

use crate::{
    arguments::Gate as Options,
    configuration::{self, Refused},
    context::Context,
    shutdown,
};

/// Runs a gate until a signal stops it. SIGHUP gives it new rules.
pub(crate) async fn run(options: Options, context: &Context) -> anyhow::Result<()> {
    let shutdown = shutdown::on_signals()?;
    let hang_up = signal(SignalKind::hangup())?;
    let config = configuration(&options, context, context.settings.gate.clone(), |report| {
        println!("What the gate makes of the file, line by line:\n\n{report}");
    })?;
    if options.haproxy.check {
        return Ok(());
    }
    let networks: Vec<_> = config.networks().into_iter().cloned().collect();
    let by_a_file = options.haproxy.file.is_some();
    let parts = Parts {
        folder: &context.data.path().join("gate").join("tls"),
        clock: context.clock.clone(),
        random: context.random.clone(),
        patience: Patience::default(),
    };
    let leads_to = leads_to(&config);
    let (gate, listeners) = Gate::open(config, parts).await?;
    let https = Gate::addresses(&listeners)?.into_iter().map(|place| place.https);
    introduce(&gate, &https.collect::<Vec<_>>(), &leads_to);
    say_who_is_inside(&gate, &networks, by_a_file);
    let reload = reload(&gate, &options, context, hang_up, shutdown.clone());
    let (served, ()) = tokio::join!(gate.serve(listeners, shutdown), reload);
    Ok(served?)
}

/// What the gate is to do: by a haproxy's file, of whose lines `show` gets what became, or by
/// settings.
fn configuration(
    options: &Options,
    context: &Context,
    settings: Settings,
    show: fn(&Report),
) -> anyhow::Result<Config> {
    if let Some(path) = &options.haproxy.file {
        return from_haproxy::read(path, options, show);
    }
    let config = options.over(settings).config();
    Ok(config.map_err(|error| refused(&error, options, context))?)
}

/// Why settings can't be used, and where they say so.
fn refused(error: &::gate::Error, options: &Options, context: &Context) -> Refused {
    let place = match error {
        ::gate::Error::User { user, .. } => place_of_user(user, options, context),
        _ => None,
    };
    Refused(place.map_or_else(|| error.to_string(), |place| format!("{place}: {error}")))
}

/// Where somebody's hash was read: in which argument, or at which line.
fn place_of_user(user: &str, options: &Options, context: &Context) -> Option<String> {
    if let Some(place) = options.place_of_user(user) {
        return Some(format!("--user, number {place} of these"));
    }
    let path = context.file.clone().unwrap_or_else(|| context.data.configuration());
    let line = configuration::line_of_gate_user(&std::fs::read_to_string(&path).ok()?, user)?;
    Some(format!("line {line} of {}", path.display()))
}

fn leads_to(config: &Config) -> Vec<String> {
    let urls = config.backends.iter().map(|(name, backend)| format!("{} ({name})", backend.url));
    urls.collect()
}

/// Says where the gate is.
fn introduce(gate: &Gate, https: &[SocketAddr], leads_to: &[String]) {
    println!("Layerlock {} · gate\n", env!("CARGO_PKG_VERSION"));
    for address in https {
        println!("  Gate         {}", origins(*address).join("  or  "));
    }
    println!(
        "  Certificate  {}",
        Fingerprint::from_bytes(gate.certificate_fingerprint()).words().join(" ")
    );
    println!("               The gate made it itself, so browsers warn; compare these words.");
    for url in leads_to {
        println!("  Leads to     {url}");
    }
}

/// Says who would be inside, and what the gate doesn't do. Of a haproxy's file it can only tell the
/// networks: what comes of each hangs on the rules that name them.
fn say_who_is_inside(gate: &Gate, networks: &[Networks], by_a_file: bool) {
    let (word, who) = if by_a_file {
        ("Rules name", "Who needs a user name and a password is what the file's rules say.")
    } else {
        ("Inside", "Whoever is inside needs no password. Everyone else needs a user name and one.")
    };
    if networks.is_empty() {
        println!("  {word:<11}  no network: no address makes a difference");
    }
    for sentence in networks.iter().flat_map(|list| gate.surroundings().describe(list)) {
        println!("  {word:<11}  {sentence}");
    }
    println!("\n  {who}");
    println!("  The gate has no hazard guard: whom it lets in may do everything with the printer.");
    println!("\nReload with SIGHUP, stop with Ctrl-C.");
}

/// Where people reach it.
fn origins(https: SocketAddr) -> Vec<String> {
    if !https.ip().is_unspecified() {
        return vec![format!("https://{https}")];
    }
    let lan = edge::names::lan_address();
    let hosts = std::iter::once("localhost".to_owned()).chain(lan.map(|ip| ip.to_string()));
    hosts.map(|host| format!("https://{host}:{}", https.port())).collect()
}

/// Reads the configuration again at each SIGHUP. What can't be used changes nothing.
async fn reload(
    gate: &Gate,
    options: &Options,
    context: &Context,
    mut hang_up: Signal,
    shutdown: CancellationToken,
) {
    while shutdown.run_until_cancelled(hang_up.recv()).await.flatten().is_some() {
        match reload_once(gate, options, context).await {
            Ok(waiting) if waiting.is_empty() => tracing::info!("new rules are in place"),
            Ok(waiting) => tracing::warn!(
                "new rules are in place, but what changed in {} waits for a restart of the gate",
                waiting.join(", ")
            ),
            Err(error) => {
                tracing::error!("the old rules still hold, because: {error:#}");
            }
        }
    }
}

async fn reload_once(
    gate: &Gate,
    options: &Options,
    context: &Context,
) -> anyhow::Result<Vec<&'static str>> {
    let settings = configuration::load(context.file.as_deref(), context.data.configuration())?;
    let config = configuration(options, context, settings.gate, |_| {})?;
    gate.reload(config).await.context("the new configuration doesn't fit")
}
