//! The lists, one per kind of printer.

mod moonraker;
mod octoprint;
mod prusalink;

use crate::route::Route;

pub(crate) use moonraker::rpc_call;
pub(crate) use octoprint::socket_message;

/// Every route that any kind knows.
pub(crate) fn routes() -> impl Iterator<Item = &'static Route> {
    octoprint::ROUTES.iter().chain(moonraker::ROUTES).chain(prusalink::ROUTES)
}
