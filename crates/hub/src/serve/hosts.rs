//! Each printer's host name gets a certificate of its own. This keeps the list up to date while
//! printers come and go.

use std::{sync::Arc, time::Duration};

use backplane::Event;
use edge::certificate::Resolver;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio_util::sync::CancellationToken;

use crate::{inventory, state::State};

/// Several printers are reported together; one look is enough for them.
const GATHER: Duration = Duration::from_millis(100);

/// Follows the printers until `shutdown`.
pub(super) async fn follow(
    hub: &State,
    certificates: &Arc<Resolver>,
    shutdown: &CancellationToken,
) {
    let mut news = hub.backplane.events();
    loop {
        if let Err(error) = update(hub, certificates).await {
            tracing::warn!(%error, "printers' certificates can't be made");
        }
        if shutdown.run_until_cancelled(changed(&mut news)).await.is_none() {
            return;
        }
    }
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
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let printers = inventory::reachable(&hub.store, hub.clock.now()).await?;
    let hosts = printers.iter().map(|printer| format!("{}.localhost", printer.label));
    let hosts: Vec<_> = hosts.collect();
    let certificates = Arc::clone(certificates);
    tokio::task::spawn_blocking(move || certificates.set_hosts(&hosts)).await??;
    Ok(())
}
