//! Each printer's host names get a certificate of their own, those of the hub's own network are
//! published there, and where ports tell printers apart, they are opened. This keeps both up to date while printers come and go.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use backplane::Event;
use edge::certificate::Resolver;
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::ports::PrinterPorts;
use crate::{inventory, origins::Announcer, state::State};

/// Several printers are reported together; one look is enough for them.
const GATHER: Duration = Duration::from_millis(100);
/// How long to wait before what failed is tried again.
const AGAIN: Duration = Duration::from_secs(10);

pub(super) type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// Follows the printers until `shutdown`. `https` is where the hub listens.
pub(super) async fn follow(
    hub: &State,
    certificates: &Arc<Resolver>,
    https: SocketAddr,
    mut ports: PrinterPorts,
    shutdown: &CancellationToken,
) {
    let mut news = hub.backplane.events();
    let mut announcer = announcer(hub, https);
    loop {
        let mut patience = Duration::MAX;
        if let Err(error) = update(hub, certificates, announcer.as_mut(), &mut ports).await {
            tracing::warn!(%error, "printers' names can't be brought up to date");
            patience = AGAIN;
        }
        ports.close_unwanted();
        let next = timeout(patience, changed(&mut news));
        if shutdown.run_until_cancelled(next).await.is_none() {
            break;
        }
    }
    if hub.tunnels.parting().leaving.is_cancelled() {
        // Another process publishes the same names by now. They are not withdrawn.
        return std::mem::forget(announcer);
    }
    // Withdrawing the names takes a moment, in which nobody else should have to wait.
    drop(tokio::task::spawn_blocking(move || drop(announcer)).await);
}

/// Whoever publishes names, where that is wanted and there is a network to publish them in.
fn announcer(hub: &State, https: SocketAddr) -> Option<Announcer> {
    if !hub.origins.publishes() {
        return None;
    }
    Announcer::new(https).unwrap_or_else(|error| {
        hub.origins.not_published();
        tracing::warn!(%error, "printers' names can't be published in this network (mDNS)");
        None
    })
}

/// Waits until printers have changed. The backplane outlives those who listen, so that its end
/// needs no answer.
async fn changed(news: &mut Receiver<Event>) {
    loop {
        match news.recv().await {
            Ok(Event::PrintersChanged(_) | Event::GrantsChanged(_)) | Err(RecvError::Lagged(_)) => {
                break;
            }
            Ok(_) => {}
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
    tokio::time::sleep(GATHER).await;
}

async fn update(
    hub: &State,
    certificates: &Arc<Resolver>,
    announcer: Option<&mut Announcer>,
    ports: &mut PrinterPorts,
) -> Result<(), AnyError> {
    let printers = inventory::reachable(&hub.store, hub.clock.now()).await?;
    let labels: Vec<_> = printers.into_iter().map(|printer| printer.label).collect();
    let hosts: Vec<_> = labels.iter().flat_map(|label| hub.origins.hosts(label)).collect();
    let certificates = Arc::clone(certificates);
    tokio::task::spawn_blocking(move || certificates.set_hosts(&hosts)).await??;
    announcer.map_or(Ok(()), |announcer| announcer.set(&labels))?;
    ports.update(hub, &labels).await
}
