//! The listening sockets of this process. Some it opened itself; some it was given when it
//! started, by a service manager or by the process whose place it takes. While a port changes
//! hands it is never closed, so that nobody is turned away.

use std::{
    io,
    net::{self, SocketAddr},
    os::fd::{AsFd, OwnedFd},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use socket2::SockRef;
use tokio::net::TcpListener;

use crate::listeners;

/// The listening sockets of this process. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Sockets(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    /// Those that were given and that nobody wanted yet.
    given: Vec<net::TcpListener>,
    /// Those that are served, for as long as they are.
    open: Vec<Weak<TcpListener>>,
}

impl Sockets {
    /// Begins with sockets that are listening already.
    pub fn given(given: Vec<net::TcpListener>) -> Self {
        Self(Arc::new(Mutex::new(Known { given, open: Vec::new() })))
    }

    /// Listens at an address: at the socket that was given for it, or at a new one. Port 0 is any
    /// port. Must be called inside a Tokio runtime. The error names the address.
    pub fn listen(&self, address: SocketAddr) -> io::Result<Arc<TcpListener>> {
        let mut known = self.lock();
        let given = known.given.iter().position(|given| is_at(given, address));
        let listener = match given.map(|given| known.given.remove(given)) {
            Some(given) => adopt(given)?,
            None => listeners::open_at(address)?,
        };
        let listener = Arc::new(listener);
        known.open.retain(|open| open.strong_count() > 0);
        known.open.push(Arc::downgrade(&listener));
        Ok(listener)
    }

    /// Closes those that were given and that nobody wanted. Visitors would wait there for ever.
    pub fn close_unwanted(&self) {
        self.lock().given.clear();
    }

    /// Another handle of each socket that is served now, for the process that is to go on with it.
    pub fn handles(&self) -> io::Result<Vec<OwnedFd>> {
        let known = self.lock();
        let open = known.open.iter().filter_map(Weak::upgrade);
        open.map(|open| open.as_fd().try_clone_to_owned()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn adopt(given: net::TcpListener) -> io::Result<TcpListener> {
    given.set_nonblocking(true)?;
    // Only those that are still served go on to the next process.
    SockRef::from(&given).set_cloexec(true)?;
    TcpListener::from_std(given)
}

fn is_at(given: &net::TcpListener, wanted: SocketAddr) -> bool {
    given.local_addr().is_ok_and(|address| {
        let is_same_place = address.ip() == wanted.ip() || listeners::stands_in(address, wanted);
        is_same_place && (wanted.port() == 0 || address.port() == wanted.port())
    })
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn passed_on(sockets: &Sockets) -> Sockets {
        Sockets::given(sockets.handles().unwrap().into_iter().map(Into::into).collect())
    }

    // covers: OP-3
    #[tokio::test]
    async fn a_port_changes_hands_without_being_closed() {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let old = Sockets::default();
        let kept = [old.listen(any).unwrap(), old.listen(any).unwrap()];
        let [first, second] = kept.each_ref().map(|kept| kept.local_addr().unwrap());
        let new = passed_on(&old);
        let visitor = tokio::net::TcpStream::connect(second).await.unwrap();
        drop(kept);
        assert!(old.handles().unwrap().is_empty(), "what isn't served any more was handed over");
        let listener = new.listen(second).unwrap();
        let (_, peer) = listener.accept().await.unwrap();
        assert_eq!(peer, visitor.local_addr().unwrap(), "it waited in the queue");
        assert_eq!(new.listen(any).unwrap().local_addr().unwrap(), first, "any port is any");
    }

    // covers: OP-3
    #[tokio::test]
    async fn a_socket_that_nobody_wants_is_closed() {
        let old = Sockets::default();
        // An address at which no other test is: nobody else gets the port.
        let alone = Ipv4Addr::new(127, 0, 0, 77);
        let kept = old.listen(SocketAddr::from((alone, 0))).unwrap();
        let address = kept.local_addr().unwrap();
        let new = passed_on(&old);
        drop(kept);
        new.close_unwanted();
        assert!(tokio::net::TcpStream::connect(address).await.is_err());
    }
}
