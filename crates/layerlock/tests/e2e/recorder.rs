//! A printer's web server that answers everything and remembers what arrived.

use std::{
    convert::Infallible,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Result;
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, task::JoinSet};

use crate::workshop::is_of_stranger;

/// One request as the printer got it.
#[derive(Debug, Clone)]
pub(crate) struct Arrived {
    /// Method and target.
    pub(crate) line: String,
    /// The header and, behind it, the trailers.
    pub(crate) fields: Vec<HeaderMap>,
    /// The body; `None` if it broke off.
    pub(crate) body: Option<Bytes>,
}

/// The printer. It ends with the test.
#[derive(Clone, Default)]
pub(crate) struct Recorder(Arc<Mutex<Vec<Arrived>>>);

impl Recorder {
    /// Starts it, and says where.
    pub(crate) async fn start() -> Result<(Self, String)> {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let recorder = Self::default();
        tokio::spawn(recorder.clone().serve(listener));
        Ok((recorder, url))
    }

    /// What arrived since the last time, apart from what the agent asked on its own.
    pub(crate) fn take(&self) -> Vec<Arrived> {
        let mut arrived = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *arrived)
    }

    async fn serve(self, listener: TcpListener) {
        let mut connections = JoinSet::new();
        while let Ok((tcp, _)) = listener.accept().await {
            let recorder = self.clone();
            let service = service_fn(move |request| recorder.clone().answer(request));
            let server = hyper::server::conn::http1::Builder::new();
            connections.spawn(server.serve_connection(TokioIo::new(tcp), service));
        }
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let (parts, body) = request.into_parts();
        if is_of_stranger(&parts.headers) {
            let mut refused = Response::new(Full::from("log in first"));
            *refused.status_mut() = StatusCode::FORBIDDEN;
            return Ok(refused);
        }
        let line = format!("{} {}", parts.method, parts.uri);
        let body = body.collect().await.ok();
        let trailers = body.as_ref().and_then(|body| body.trailers()).cloned();
        let fields = std::iter::once(parts.headers).chain(trailers).collect();
        let body = body.map(http_body_util::Collected::to_bytes);
        if line != "GET /" {
            let mut arrived = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            arrived.push(Arrived { line, fields, body });
        }
        Ok(Response::new(Full::from("a printer")))
    }
}
