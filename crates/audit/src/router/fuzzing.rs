//! What the fuzz targets see of what routers say.

use std::net::{IpAddr, SocketAddr};

use super::{announcement::Announcement, document};
use crate::Mapping;

/// Where a router that sent this says that it describes itself.
pub fn announcement(datagram: &[u8], sender: IpAddr) -> Option<(SocketAddr, String)> {
    Announcement::read(datagram, sender).map(|found| (found.address, found.path))
}

/// The path at which a router with this description is to be asked.
pub fn control(page: &[u8], router: SocketAddr) -> Option<String> {
    let description = document::Description::read(page, router)?;
    description.controls.into_iter().next().map(|control| control.path)
}

/// One mapping of a router.
pub fn mapping(body: &[u8]) -> Option<Mapping> {
    document::entry(body)
}
