//! Opens a port for each printer, where ports tell printers apart, and closes it when the printer
//! is gone. A port that another program has is tried again later; no other is taken instead.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
};

use edge::{FurtherPort, Sockets};
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::hosts::AnyError;
use crate::state::State;

/// The printers' ports that are open. They close when this is dropped.
pub(super) struct PrinterPorts {
    address: IpAddr,
    sockets: Sockets,
    further: UnboundedSender<FurtherPort>,
    open: HashMap<u16, DropGuard>,
}

impl PrinterPorts {
    /// None yet. `https` is where the dashboard is; printers get the same address.
    pub(super) fn new(
        hub: &State,
        https: SocketAddr,
        sockets: Sockets,
        further: UnboundedSender<FurtherPort>,
    ) -> Self {
        if let Some(ports) = hub.origins.ports() {
            ports.dashboard_is_at(https.port());
        }
        Self { address: https.ip(), sockets, further, open: HashMap::new() }
    }

    /// Opens the ports of these printers and closes all others.
    pub(super) async fn update(&mut self, hub: &State, labels: &[String]) -> Result<(), AnyError> {
        let Some(ports) = hub.origins.ports() else { return Ok(()) };
        let mut wanted = HashMap::new();
        for label in labels {
            let port = hub.store.port_of(label, ports.range().all(), hub.clock.now()).await?;
            if let Some(port) = port {
                wanted.insert(port, label.clone());
            } else {
                tracing::warn!(range = %ports.range(), "no port is left for a printer");
            }
        }
        self.open.retain(|port, _| wanted.contains_key(port));
        let failed = self.open_missing(&mut wanted);
        ports.set(wanted);
        failed.map_or(Ok(()), |error| Err(error.into()))
    }

    /// Closes what this process was given and has no use for.
    pub(super) fn close_unwanted(&self) {
        self.sockets.close_unwanted();
    }

    /// Opens what isn't open yet. What can't be opened is taken out, and the last reason returned.
    fn open_missing(&mut self, wanted: &mut HashMap<u16, String>) -> Option<std::io::Error> {
        let mut failed = None;
        wanted.retain(|port, _| self.open.contains_key(port) || self.open_one(*port, &mut failed));
        failed
    }

    fn open_one(&mut self, port: u16, failed: &mut Option<std::io::Error>) -> bool {
        let closed = CancellationToken::new();
        match FurtherPort::open_in(
            &self.sockets,
            SocketAddr::new(self.address, port),
            closed.clone(),
        ) {
            Ok(opened) => {
                self.open.insert(port, closed.drop_guard());
                self.further.send(opened).is_ok()
            }
            Err(error) => {
                *failed = Some(error);
                false
            }
        }
    }
}
