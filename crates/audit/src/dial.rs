//! Connecting, at a pace that nobody on the network minds.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use printer::Clock;
use tokio::{
    net::TcpStream,
    sync::Mutex,
    time::{Interval, MissedTickBehavior, interval, timeout},
};

use crate::limits;

/// How connections are made. It connects to exactly that address, and never through a proxy.
pub trait Dial: Send + Sync {
    /// Connects.
    fn dial(&self, to: SocketAddr) -> BoxFuture<'static, io::Result<TcpStream>>;
}

/// Over this machine's own network.
#[derive(Debug, Clone, Copy, Default)]
pub struct TcpDial;

impl Dial for TcpDial {
    fn dial(&self, to: SocketAddr) -> BoxFuture<'static, io::Result<TcpStream>> {
        Box::pin(TcpStream::connect(to))
    }
}

/// What an audit reaches the network with. Clones share the pace.
#[derive(Clone)]
pub struct Reach {
    dial: Arc<dyn Dial>,
    pace: Arc<Mutex<Interval>>,
    /// Tells which certificates have expired.
    pub(crate) clock: Arc<dyn Clock>,
}

impl Reach {
    /// Connects with `dial`, at most [`limits::CONNECTIONS_PER_SECOND`]. Must be made inside a
    /// tokio runtime.
    pub fn new(dial: Arc<dyn Dial>, clock: Arc<dyn Clock>) -> Self {
        let mut pace = interval(Duration::from_secs(1) / limits::CONNECTIONS_PER_SECOND);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { dial, pace: Arc::new(Mutex::new(pace)), clock }
    }

    /// Connects as soon as it is its turn, within [`limits::CONNECT`].
    pub(crate) async fn connect(&self, to: SocketAddr) -> io::Result<TcpStream> {
        self.pace.lock().await.tick().await;
        timeout(limits::CONNECT, self.dial.dial(to))
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }
}
