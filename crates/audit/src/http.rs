//! One question over HTTP: a new connection, a request that changes nothing, and as much of the
//! answer as the limits allow. Redirects are looked at, never followed.

use std::{io, net::SocketAddr};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, timeout, timeout_at},
};

use crate::{Reach, limits, tls};

/// One door of one host.
#[derive(Clone)]
pub(crate) struct Site<'a> {
    /// What to reach it with.
    pub(crate) reach: &'a Reach,
    /// Where it is.
    pub(crate) address: SocketAddr,
    /// The name by which it was given; servers with several names want to hear it.
    pub(crate) name: Option<&'a str>,
    /// Whether to speak TLS.
    pub(crate) encrypted: bool,
}

/// As much of an answer as was read.
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: StatusCode,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The first bytes of the body.
    pub(crate) body: Vec<u8>,
    /// The certificate, if the door has one.
    pub(crate) certificate: Option<tls::Certificate>,
}

impl Site<'_> {
    /// Asks for a page.
    pub(crate) async fn read(&self, path: &str) -> io::Result<Answer> {
        self.ask(Method::GET, path, &[], Bytes::new()).await
    }

    /// Asks, with more headers.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(header::HeaderName, &str)],
        body: Bytes,
    ) -> io::Result<Answer> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, self.host())
            .header(header::USER_AGENT, concat!("layerlock-audit/", env!("CARGO_PKG_VERSION")))
            .header(header::ACCEPT, "*/*");
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let request = request.body(Full::new(body)).map_err(io::Error::other)?;
        timeout(limits::ANSWER, self.exchange(request))
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    fn host(&self) -> String {
        match self.name {
            Some(name) => format!("{name}:{}", self.address.port()),
            None => self.address.to_string(),
        }
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> io::Result<Answer> {
        let stream = self.reach.connect(self.address).await?;
        if !self.encrypted {
            return converse(stream, request).await;
        }
        let now = self.reach.clock.now();
        let (stream, certificate) = tls::hello(stream, self.name, self.address.ip(), now).await?;
        Ok(Answer { certificate, ..converse(stream, request).await? })
    }
}

pub(crate) async fn converse<Io>(stream: Io, request: Request<Full<Bytes>>) -> io::Result<Answer>
where
    Io: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(limits::HEAD)
        .max_headers(limits::HEADERS)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    // Dropped with this future, so that nothing goes on after a timeout.
    let mut connection = std::pin::pin!(connection);
    let answer = async {
        let response = sender.send_request(request).await.map_err(io::Error::other)?;
        let (parts, body) = response.into_parts();
        let body = first_bytes(body).await;
        Ok(Answer { status: parts.status, headers: parts.headers, body, certificate: None })
    };
    let mut answer = std::pin::pin!(answer);
    tokio::select! {
        answer = &mut answer => answer,
        _ = &mut connection => answer.await,
    }
}

/// What came before the limits, or before the other end broke off: cameras never end.
async fn first_bytes(mut body: Incoming) -> Vec<u8> {
    let end = Instant::now() + limits::BODY_TIME;
    let mut read = Vec::new();
    while let Ok(Some(Ok(frame))) = timeout_at(end, body.frame()).await {
        let Ok(data) = frame.into_data() else { continue };
        let room = limits::BODY.saturating_sub(read.len());
        read.extend(data.iter().take(room));
        if data.len() >= room {
            break;
        }
    }
    read
}

impl Answer {
    /// One header as text.
    pub(crate) fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as JSON, if it is some. A body that was cut off isn't.
    pub(crate) fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// Whether it sends its visitor to HTTPS.
    pub(crate) fn leads_to_https(&self) -> bool {
        let location = self.header(header::LOCATION);
        let scheme = location.get(..8).unwrap_or_default();
        self.status.is_redirection() && scheme.eq_ignore_ascii_case("https://")
    }

    /// Whether it is a picture or a film.
    pub(crate) fn is_picture(&self) -> bool {
        let kind = self.header(header::CONTENT_TYPE);
        let jpeg = kind.starts_with("image/jpeg") && self.body.starts_with(&[0xff, 0xd8, 0xff]);
        self.status == StatusCode::OK && (jpeg || kind.starts_with("multipart/x-mixed-replace"))
    }
}
