//! How much of printers' answers may wait in memory for visitors who don't read. A tunnel with two
//! connections and all streams stalled would hold 128 MiB, and there may be hundreds of agents.

use tunnel::Budget;

/// For the visitors of one agent's printers, in bytes.
const OF_ONE: usize = 32 * 1024 * 1024;

/// For all visitors, in bytes.
const OF_ALL: usize = 256 * 1024 * 1024;

/// What waits.
pub(crate) struct Unread(pub(crate) Budget);

impl Default for Unread {
    fn default() -> Self {
        Self(Budget::new(OF_ONE, OF_ALL))
    }
}
