//! The printer's side: HTTP/1.1 to one pinned address, whatever a request's URI says. No
//! redirect is followed, no proxy is asked, and nothing of which a byte may have been sent is
//! ever sent twice.

mod connection;
mod exchange;
mod pool;
mod socket;
mod upgrade;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use http::{Method, Request, Response, Uri, Version, header::HOST};
use tokio_util::sync::CancellationToken;

use crate::{BadRequest, Body, Error, cookies, headers, websocket};

use connection::Connection;
use exchange::Exchange;
use pool::Pool;

/// One server, at one address.
#[derive(Debug, Clone)]
pub struct Origin(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    address: SocketAddr,
    timeouts: Timeouts,
    pool: Arc<Pool>,
    closing: CancellationToken,
}

/// How long to wait for a printer. Bodies have no limit: a print may take longer to upload than
/// anybody would set.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// For a connection to be made. Default 5 s.
    pub connect: Duration,
    /// From the end of the request's body to the answer's header. Default 60 s.
    pub answer: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), answer: Duration::from_mins(1) }
    }
}

impl Origin {
    /// The server at `address`. Connects when first asked.
    pub fn new(address: SocketAddr) -> Self {
        Self::with_timeouts(address, Timeouts::default())
    }

    /// The same with other patience.
    pub fn with_timeouts(address: SocketAddr, timeouts: Timeouts) -> Self {
        let (pool, closing) = (Arc::default(), CancellationToken::new());
        Self(Arc::new(Inner { address, timeouts, pool, closing }))
    }

    /// Where every request goes.
    pub fn address(&self) -> SocketAddr {
        self.0.address
    }

    /// Ends every connection, in the middle of whatever it carries.
    pub fn close(&self) {
        self.0.closing.cancel();
        self.0.pool.clear();
    }

    /// Sends a request and returns as soon as the answer's header is there. `Host` must be set;
    /// the URI's scheme and authority don't matter. Hop-by-hop fields are removed both ways.
    /// Dropping the future, or the answer's body, ends the exchange at the printer too.
    ///
    /// A `CONNECT` with the protocol `websocket` becomes an upgrade, and its answer 200 with
    /// both bodies open; a printer that refuses it has its own answer passed on.
    pub async fn send(&self, request: Request<Body>) -> Result<Response<Body>, Error> {
        let (mut parts, body) = request.into_parts();
        if !parts.headers.contains_key(HOST) {
            return Err(BadRequest::Host.into());
        }
        let target = parts.uri.path_and_query().cloned().ok_or(BadRequest::Target)?;
        let websocket = websocket::protocol(&parts.extensions).is_some();
        parts.uri = Uri::from(target);
        parts.version = Version::HTTP_11;
        parts.extensions.clear();
        headers::strip_hop_by_hop(&mut parts.headers);
        cookies::remove_cookies(&mut parts.headers, |_| false);
        match parts.method {
            Method::CONNECT if websocket => upgrade::open(self, parts, body).await,
            Method::CONNECT => Err(BadRequest::Method.into()),
            _ => self.ask(Request::from_parts(parts, body)).await,
        }
    }

    async fn ask(&self, request: Request<Body>) -> Result<Response<Body>, Error> {
        let shared = request.method().is_safe().then(|| self.0.pool.take()).flatten();
        let (answer, exchange) = match shared {
            Some(connection) => match self.exchange(connection, request).await {
                Err(exchange::Failure::NotSent(unsent)) => {
                    self.on_a_new_connection(*unsent).await?
                }
                other => other?,
            },
            None => self.on_a_new_connection(request).await?,
        };
        let mut answer = answer.map(|body| exchange.receive(body));
        headers::strip_hop_by_hop(answer.headers_mut());
        Ok(answer)
    }

    async fn on_a_new_connection(
        &self,
        request: Request<Body>,
    ) -> Result<exchange::Answered, Error> {
        let connection = self.connect().await?;
        Ok(self.exchange(connection, request).await?)
    }

    async fn connect(&self) -> Result<Connection, Error> {
        self.0.pool.make_room();
        Connection::open(self.0.address, self.0.timeouts.connect, self.0.closing.child_token())
            .await
    }

    async fn exchange(
        &self,
        connection: Connection,
        request: Request<Body>,
    ) -> Result<exchange::Answered, exchange::Failure> {
        Exchange::start(connection, request, self.0.timeouts.answer, &self.0.pool).await
    }
}

#[cfg(test)]
mod tests;
