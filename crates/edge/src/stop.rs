//! A stop has an order. If another process has taken over the ports, visitors move there first; and
//! they need the connections behind them until the last of them has gone.

use tokio_util::sync::CancellationToken;

/// How a server is stopped, and how it says how far it is. Clones are the same stop.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    /// To be cancelled by whoever has handed the listening sockets to another process: nobody is
    /// let in any more, and visitors are served but asked to come anew. When all have gone, or
    /// after [`crate::Limits::leave`], the server asks for the stop itself.
    pub leaving: CancellationToken,
    /// To be cancelled by whoever wants the stop: nobody is let in any more, and requests that are
    /// running are finished.
    pub asked: CancellationToken,
    /// Cancelled by the server once the last visitor has gone, or has had enough time: raw
    /// connections are to say goodbye and to end.
    pub emptied: CancellationToken,
}

impl From<CancellationToken> for Stop {
    fn from(asked: CancellationToken) -> Self {
        Self { asked, ..Self::default() }
    }
}
