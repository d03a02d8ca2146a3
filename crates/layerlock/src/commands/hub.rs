//! `layerlock hub`: the hub alone.

use std::sync::Arc;

use ::hub::Hub;
use anyhow::Context as _;
use edge::{Listeners, Listening};

use crate::{arguments::Listen, context::Context, shutdown, terminal};

/// Runs a hub until a signal stops it.
pub(crate) async fn run(listen: Listen, mut context: Context) -> anyhow::Result<()> {
    context.listen_at(listen);
    let shutdown = shutdown::on_signals()?;
    let (hub, listeners, listening) = open(&context).await?;
    println!("Layerlock {} · hub\n", env!("CARGO_PKG_VERSION"));
    introduce(&hub, listening).await?;
    println!("\nStop with Ctrl-C.");
    hub.serve(listeners, shutdown).await?;
    Ok(())
}

/// Builds a hub and opens its doors.
pub(crate) async fn open(context: &Context) -> anyhow::Result<(Arc<Hub>, Listeners, Listening)> {
    let asked = &context.settings.hub.listen;
    let listeners = edge::bind(asked.https, Some(asked.http)).with_context(|| {
        format!(
            "can't listen at {} and {} (choose others with --https and --http)",
            asked.https, asked.http
        )
    })?;
    let listening = listeners.addresses()?;
    let hub = Hub::build(context.settings.hub.clone(), context.hub_parts()).await?;
    Ok((Arc::new(hub), listeners, listening))
}

/// Says where the hub is, by what it is known, and how to begin.
pub(crate) async fn introduce(hub: &Hub, listening: Listening) -> anyhow::Result<()> {
    let https = listening.https;
    println!("  Dashboard    {}", terminal::origins(https).join("  or  "));
    println!("  Certificate  {}", hub.certificate_fingerprint().words().join(" "));
    println!("               (compare these words when your browser warns: this hub made its own)");
    if let Some(http) = listening.http {
        println!("  HTTP         port {} redirects to HTTPS", http.port());
    }
    let Some(link) = hub.admin().setup_link(https).await? else { return Ok(()) };
    println!(
        "\n  First, make your account. The link works once, for 30 minutes, from your own network:"
    );
    println!("  Setup link: {}", link.url);
    terminal::qr_code(&link.url);
    println!("  (expired? `layerlock setup-link` prints a new one)");
    Ok(())
}
