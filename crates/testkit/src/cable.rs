//! A cable between two programs that a test holds in its hand: it can be slow, lose what goes in
//! one direction or both, and be cut. It carries bytes, so whatever the two speak, TLS included,
//! passes unseen. Where it lies in memory ([`Cable::pipe`]) it works under tokio's paused clock,
//! and what happens then happens the same way every time.

mod pump;

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream, duplex},
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_util::sync::{CancellationToken, DropGuard};

/// What a pipe in memory holds in each direction before its writer waits, in bytes.
const PIPE: usize = 64 * 1024;

/// Where bytes go, as seen from whoever dials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From whoever dials.
    Up,
    /// To whoever dials.
    Down,
}

/// What becomes of the bytes of one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Weather {
    /// How long each byte is under way.
    pub delay: Duration,
    /// How many bytes arrive in a second, at most.
    pub rate: Option<u32>,
    /// Nothing arrives, and nobody is told; not even that a side has hung up. What was sent
    /// meanwhile arrives later, as with TCP.
    pub lost: bool,
}

/// The cable. Clones are the same one; connections end with the last of them.
#[derive(Debug, Clone)]
pub struct Cable(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    up: Lane,
    down: Lane,
    cut: Mutex<CancellationToken>,
    made: AtomicU64,
    _end: DropGuard,
    end: CancellationToken,
}

/// One direction of the cable.
#[derive(Debug)]
struct Lane {
    weather: watch::Sender<Weather>,
    carried: Arc<AtomicU64>,
}

impl Default for Cable {
    fn default() -> Self {
        Self::new()
    }
}

impl Cable {
    /// A cable in fair weather.
    pub fn new() -> Self {
        let end = CancellationToken::new();
        Self(Arc::new(Shared {
            up: Lane::new(),
            down: Lane::new(),
            cut: Mutex::new(end.child_token()),
            made: AtomicU64::new(0),
            _end: end.clone().drop_guard(),
            end,
        }))
    }

    /// One connection in memory: the end of whoever dials, and the other one.
    pub fn pipe(&self) -> (DuplexStream, DuplexStream) {
        let (dialler, near) = duplex(PIPE);
        let (far, answerer) = duplex(PIPE);
        self.carry(near, far);
        (dialler, answerer)
    }

    /// Listens on loopback, and carries every connection on to `target`.
    ///
    /// # Errors
    /// No port is free.
    pub async fn listen(&self, target: SocketAddr) -> Result<SocketAddr> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (cable, end) = (Arc::downgrade(&self.0), self.0.end.clone());
        let accepting = async move {
            while let Ok((near, _)) = listener.accept().await {
                let Some(cable) = cable.upgrade().map(Cable) else { return };
                if let Ok(far) = TcpStream::connect(target).await {
                    let _ = (near.set_nodelay(true), far.set_nodelay(true));
                    cable.carry(near, far);
                }
            }
        };
        tokio::spawn(async move { end.run_until_cancelled(accepting).await });
        Ok(address)
    }

    /// Lays the cable between two streams; `near` is that of whoever dials.
    pub fn carry<A, B>(&self, near: A, far: B)
    where
        A: AsyncRead + AsyncWrite + Send + 'static,
        B: AsyncRead + AsyncWrite + Send + 'static,
    {
        self.0.made.fetch_add(1, Ordering::SeqCst);
        let cut = self.0.cut().clone();
        let (from_near, to_near) = tokio::io::split(near);
        let (from_far, to_far) = tokio::io::split(far);
        let up = self.0.up.pump(from_near, to_far);
        let down = self.0.down.pump(from_far, to_near);
        let both = async move { tokio::join!(up, down) };
        tokio::spawn(async move { cut.run_until_cancelled(both).await });
    }

    /// Changes the weather in one direction, for what is under way too.
    pub fn set(&self, direction: Direction, weather: Weather) {
        self.0.lane(direction).weather.send_replace(weather);
    }

    /// Lets nothing through any more in this direction, and tells nobody.
    pub fn lose(&self, direction: Direction) {
        self.0.lane(direction).weather.send_modify(|weather| weather.lost = true);
    }

    /// Fair weather again, both ways.
    pub fn mend(&self) {
        for direction in [Direction::Up, Direction::Down] {
            self.set(direction, Weather::default());
        }
    }

    /// Ends all connections that there are, both ends noticing. New ones can be made.
    pub fn cut(&self) {
        let mut cut = self.0.cut();
        cut.cancel();
        *cut = self.0.end.child_token();
    }

    /// How many bytes have arrived in this direction.
    pub fn carried(&self, direction: Direction) -> u64 {
        self.0.lane(direction).carried.load(Ordering::SeqCst)
    }

    /// How many connections were made over it.
    pub fn connections(&self) -> u64 {
        self.0.made.load(Ordering::SeqCst)
    }
}

impl Shared {
    const fn lane(&self, direction: Direction) -> &Lane {
        match direction {
            Direction::Up => &self.up,
            Direction::Down => &self.down,
        }
    }

    fn cut(&self) -> std::sync::MutexGuard<'_, CancellationToken> {
        self.cut.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lane {
    fn new() -> Self {
        Self { weather: watch::Sender::new(Weather::default()), carried: Arc::default() }
    }

    fn pump<R, W>(&self, from: R, to: W) -> impl Future<Output = ()> + Send + use<R, W>
    where
        R: AsyncRead + Unpin + Send,
        W: AsyncWrite + Unpin + Send,
    {
        pump::pump(from, to, self.weather.subscribe(), Arc::clone(&self.carried))
    }
}

#[cfg(test)]
mod tests;
