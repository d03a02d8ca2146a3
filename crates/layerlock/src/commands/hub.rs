//! `layerlock hub`: the hub alone.

use std::{os::fd::AsFd, sync::Arc};

use ::hub::{Hub, admin::origins};
use anyhow::Context as _;
use edge::{Listeners, Listening, Stop};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{arguments::Listen, context::Context, shutdown, terminal};

/// Runs a hub until a signal stops it.
pub(crate) async fn run(listen: Listen, mut context: Context) -> anyhow::Result<()> {
    context.listen_at(listen);
    let shutdown = shutdown::on_signals()?;
    let (hub, listeners, listening) = open(&context).await?;
    if !context.predecessor.is_there() {
        println!("Layerlock {} · hub\n", env!("CARGO_PKG_VERSION"));
        introduce(&hub, listening, &context).await?;
        println!("\nStop with Ctrl-C.");
    }
    serve(&hub, listeners, &context, shutdown, async {}).await
}

/// Serves visitors and agents, and the metrics if they are wanted, from when it is `ready` until
/// `shutdown`, or until a successor does. A predecessor serves them meanwhile.
pub(crate) async fn serve(
    hub: &Hub,
    listeners: Listeners,
    context: &Context,
    shutdown: CancellationToken,
    ready: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let metrics = serve_metrics(hub, context, shutdown.clone())?;
    let stop = Stop { asked: shutdown, ..Stop::default() };
    if let Some(succession) = context.succession(0)? {
        tokio::spawn(succession.on_signal(stop.leaving.clone(), stop.asked.clone()));
    }
    stop.asked.run_until_cancelled(ready).await;
    context.predecessor.ready();
    let served = hub.serve(listeners, stop).await;
    // Whoever reads the metrics, or asks for half of them, holds up no stop.
    metrics.abort();
    Ok(served?)
}

/// Opens the port of the metrics at once, so that a port that is taken is heard of at the start.
fn serve_metrics(
    hub: &Hub,
    context: &Context,
    shutdown: CancellationToken,
) -> anyhow::Result<JoinHandle<()>> {
    let Some(asked) = context.settings.hub.listen.metrics else {
        return Ok(tokio::spawn(async {}));
    };
    let kept = context.predecessor.sockets.listen(asked.address())?;
    let listener = TcpListener::from_std(kept.as_fd().try_clone_to_owned()?.into())?;
    println!("  Metrics      http://{}/metrics", listener.local_addr()?);
    let hub = hub.clone();
    Ok(tokio::spawn(async move {
        // What is still held here is what a successor is handed.
        let _kept = kept;
        if let Err(error) = hub.serve_metrics(listener, shutdown).await {
            tracing::warn!(%error, "the metrics are not served any more");
        }
    }))
}

/// Builds a hub and opens its doors.
pub(crate) async fn open(context: &Context) -> anyhow::Result<(Arc<Hub>, Listeners, Listening)> {
    let asked = &context.settings.hub.listen;
    let listeners = edge::bind_in(&context.predecessor.sockets, asked.https, Some(asked.http))
        .context("choose other ports with --https and --http, or stop the program that has them")?;
    let listening = listeners.addresses()?;
    let hub = Hub::build(context.settings.hub.clone(), context.hub_parts()).await?;
    Ok((Arc::new(hub), listeners, listening))
}

/// Says where the hub is, by what it is known, and how to begin.
pub(crate) async fn introduce(
    hub: &Hub,
    listening: Listening,
    context: &Context,
) -> anyhow::Result<()> {
    let key = hub.certificate_fingerprint();
    let names = &context.settings.hub.origins;
    println!("  Dashboard    {}", origins(listening.https, names).join("  or  "));
    println!("  Certificate  {}", key.words().join(" "));
    println!(
        "               This hub made it itself, so browsers warn. Before you go on, look at the"
    );
    println!("               certificate there: the SHA-256 of its public key must begin with");
    println!("               {}", beginning(key.as_bytes()));
    println!("  Data         {}", context.data.path().display());
    if let Some(http) = listening.http {
        println!("  HTTP         port {} redirects to HTTPS", http.port());
    }
    let Some(link) = hub.admin().setup_link(listening.https, names).await? else { return Ok(()) };
    println!(
        "\n  First, make your account. This works once, for 30 minutes, from your own network:"
    );
    terminal::setup_link(&link);
    println!("  (expired? `layerlock setup-link` prints a new one)");
    Ok(())
}

/// The first eight bytes of a fingerprint, as browsers write them.
fn beginning(fingerprint: &[u8]) -> String {
    let bytes: Vec<_> = fingerprint.iter().take(8).map(|byte| format!("{byte:02X}")).collect();
    bytes.join(":")
}
