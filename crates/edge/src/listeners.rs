//! Opening the ports.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::{net::TcpListener, sync::mpsc::UnboundedReceiver};
use tokio_util::sync::CancellationToken;

use crate::Sockets;

/// Connections that the system may hold ready before we accept them.
const BACKLOG: i32 = 1_024;

/// Open ports on which nobody is served yet.
#[derive(Debug)]
pub struct Listeners {
    pub(crate) https: Arc<TcpListener>,
    pub(crate) http: Option<Arc<TcpListener>>,
    pub(crate) further: Option<UnboundedReceiver<FurtherPort>>,
    sockets: Sockets,
}

/// One more port for HTTPS pages, opened while others are served. Raw protocols are refused there.
#[derive(Debug)]
pub struct FurtherPort {
    listener: Arc<TcpListener>,
    closed: CancellationToken,
}

impl FurtherPort {
    /// Opens it, until `closed` is cancelled; who has come in by then stays. Must be called inside
    /// a Tokio runtime. The error names the address.
    pub fn open(address: SocketAddr, closed: CancellationToken) -> io::Result<Self> {
        Self::open_in(&Sockets::default(), address, closed)
    }

    /// The same, among the sockets of this process.
    pub fn open_in(
        sockets: &Sockets,
        address: SocketAddr,
        closed: CancellationToken,
    ) -> io::Result<Self> {
        Ok(Self { listener: sockets.listen(address)?, closed })
    }

    /// Where it is.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    pub(crate) fn into_parts(self) -> (Arc<TcpListener>, CancellationToken) {
        (self.listener, self.closed)
    }
}

/// The addresses that are really listened on, with the port that the system chose for port 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listening {
    /// Where pages, API and tunnels are.
    pub https: SocketAddr,
    /// Where visitors are sent on to HTTPS, if anywhere.
    pub http: Option<SocketAddr>,
}

impl Listeners {
    /// The same, and whatever port comes through this channel.
    #[must_use]
    pub fn with_further(mut self, ports: UnboundedReceiver<FurtherPort>) -> Self {
        self.further = Some(ports);
        self
    }

    /// The sockets among which they are.
    pub fn sockets(&self) -> Sockets {
        self.sockets.clone()
    }

    /// Where they listen.
    pub fn addresses(&self) -> io::Result<Listening> {
        let http = self.http.as_ref().map(|http| http.local_addr()).transpose()?;
        Ok(Listening { https: self.https.local_addr()?, http })
    }
}

/// Opens the port for HTTPS and, if wanted, the one that redirects to it. Port 0 lets the system
/// choose. `[::]` also listens on IPv4, and falls back to IPv4 alone where the system has no IPv6.
/// Must be called inside a Tokio runtime. The error names the address.
pub fn bind(https: SocketAddr, http: Option<SocketAddr>) -> io::Result<Listeners> {
    bind_in(&Sockets::default(), https, http)
}

/// The same, among the sockets of this process.
pub fn bind_in(
    sockets: &Sockets,
    https: SocketAddr,
    http: Option<SocketAddr>,
) -> io::Result<Listeners> {
    let https = sockets.listen(https)?;
    let http = http.map(|http| sockets.listen(http)).transpose()?;
    Ok(Listeners { https, http, further: None, sockets: sockets.clone() })
}

/// Whether a socket is what [`open_at`] gives where the system has no IPv6.
pub(crate) fn stands_in(address: SocketAddr, wanted: SocketAddr) -> bool {
    is_ipv6_wildcard(wanted) && address.ip() == Ipv4Addr::UNSPECIFIED
}

pub(crate) fn open_at(address: SocketAddr) -> io::Result<TcpListener> {
    let named = |error: io::Error| {
        io::Error::new(error.kind(), format!("can't listen on {address}: {error}"))
    };
    let opened = match open(address) {
        Err(error) if has_no_ipv6(&error) && is_ipv6_wildcard(address) => {
            open(SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port())))
        }
        opened => opened,
    };
    opened.map_err(named)
}

fn open(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if is_ipv6_wildcard(address) {
        socket.set_only_v6(false)?;
    }
    // On Unix: a restart must not wait until the system has forgotten the last run's connections.
    // On Windows the same option would let another program take our port.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

fn is_ipv6_wildcard(address: SocketAddr) -> bool {
    address.is_ipv6() && address.ip().is_unspecified()
}

/// A system without IPv6 refuses to make the socket, or to bind it.
fn has_no_ipv6(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrNotAvailable
        || error.kind() == io::ErrorKind::Unsupported
        || cfg!(target_os = "linux") && error.raw_os_error() == Some(97)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn port_0_is_answered_with_the_real_ports() {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listening = bind(any, Some(any)).unwrap().addresses().unwrap();
        let http = listening.http.unwrap();
        assert!(listening.https.port() != 0 && http.port() != 0 && http != listening.https);
    }

    #[tokio::test]
    async fn a_taken_port_is_named() {
        let first = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), None).unwrap();
        let taken = first.addresses().unwrap().https;
        let error = bind(taken, None).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        assert!(error.to_string().contains(&taken.to_string()), "{error}");
    }
}
