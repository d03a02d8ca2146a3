//! One HTTP/1.1 connection and the task that drives it.

use std::{net::SocketAddr, time::Duration};

use http::Request;
use hyper::{
    body::Incoming,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{exchange::Sent, socket::Socket};
use crate::{Error, headers};

/// The most that is buffered of what was read, and of what is to be written, in bytes. An
/// answer's header must fit.
const BUFFER: usize = 128 * 1024;

#[derive(Debug)]
pub(super) struct Connection {
    sender: SendRequest<Sent>,
    /// Ends the connection, whatever it is doing.
    pub(super) stop: CancellationToken,
}

pub(super) type SendError = hyper::client::conn::TrySendError<Request<Sent>>;

impl Connection {
    pub(super) async fn open(
        address: SocketAddr,
        patience: Duration,
        stop: CancellationToken,
    ) -> Result<Self, Error> {
        let socket = timeout(patience, Socket::connect(address))
            .await
            .map_err(|_| Error::TimedOut)?
            .map_err(Error::Unreachable)?;
        let (sender, driver) = http1::Builder::new()
            .max_buf_size(BUFFER)
            .max_headers(headers::MAX_COUNT)
            .handshake(TokioIo::new(socket))
            .await
            .map_err(|error| Error::Upstream(error.into()))?;
        let stopped = stop.clone().cancelled_owned();
        tokio::spawn(async move {
            tokio::select! {
                () = stopped => {}
                ended = driver.with_upgrades() => {
                    tracing::trace!(?ended, "connection to a printer ended");
                }
            }
        });
        Ok(Self { sender, stop })
    }

    pub(super) async fn send(
        &mut self,
        request: Request<Sent>,
    ) -> Result<http::Response<Incoming>, SendError> {
        self.sender.try_send_request(request).await
    }

    /// Whether it can carry another request now.
    pub(super) fn is_ready(&self) -> bool {
        self.sender.is_ready()
    }

    /// Whether it ever will.
    pub(super) fn is_open(&self) -> bool {
        !self.sender.is_closed()
    }
}
