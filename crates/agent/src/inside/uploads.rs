//! How much of what visitors send may wait in memory for printers that don't read it. The hub's two
//! connections would let 124 MiB come, and an agent may be a small machine. Small bodies, an emergency
//! stop's among them, are taken out at once and never wait here.

use http::Request;
use tunnel::{Allowance, Body};
use wire::{RELAYED_HEADER, Relayed};

/// For all printers of this agent, in bytes.
const OF_ALL: usize = 32 * 1024 * 1024;

/// What waits. When it is too much, the upload that a printer left unread for the longest time is
/// given up, of the person for whom most waits.
#[derive(Debug)]
pub(super) struct Uploads(pub(super) Allowance);

impl Default for Uploads {
    fn default() -> Self {
        Self(Allowance::new(OF_ALL))
    }
}

impl Uploads {
    /// Counts what waits of a request's body from now on.
    pub(super) fn count(&self, request: &Request<Body>) {
        let said = request.headers().get(RELAYED_HEADER);
        let relayed = said.and_then(|said| Relayed::decode(said.as_bytes()).ok());
        let person = relayed.map(|relayed| relayed.account);
        request.body().counts_for(&self.0, person);
    }
}

#[cfg(test)]
mod tests;
