//! One port, several protocols. The `ClientHello` is read before anything is chosen: whoever offers
//! exactly one of the raw protocols gets that one's settings, browsers get those of the web, and
//! whoever mixes the two is refused, so that no trick with ALPN makes one side see an agent's
//! tunnel where the other sees a web page.

use std::{io, sync::Arc};

use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    server::{Acceptor, ClientHello},
    version::{TLS12, TLS13},
};
use tokio::{io::AsyncWriteExt, net::TcpStream};
use tokio_rustls::LazyConfigAcceptor;

use crate::{Error, TlsStream, certificate::Resolver};

/// The name of HTTP/2 in ALPN.
pub(crate) const ALPN_HTTP2: &[u8] = b"h2";
const ALPN_HTTP1: &[u8] = b"http/1.1";
/// A TLS record with the fatal alert `no_application_protocol` (RFC 8446, section 6; RFC 7301).
const NO_APPLICATION_PROTOCOL: [u8; 7] = [21, 3, 3, 0, 2, 2, 120];

/// How connections are encrypted, and what for.
pub struct Tls {
    resolver: Arc<Resolver>,
    web: Arc<ServerConfig>,
    raw: Vec<(&'static [u8], Arc<ServerConfig>)>,
}

/// An encrypted connection, and what it is for.
pub(crate) enum Accepted {
    /// HTTP/1.1 or HTTP/2.
    Web(TlsStream),
    /// The raw protocol with this ALPN.
    Raw(&'static [u8], TlsStream),
}

enum Choice {
    Web,
    Raw(&'static [u8], Arc<ServerConfig>),
    Refused,
}

impl Tls {
    /// Web pages with certificates of the resolver (TLS 1.3 and 1.2, post-quantum key exchange
    /// first, HTTP/2 and HTTP/1.1), and beside them raw protocols, each by its ALPN with settings
    /// of its own.
    pub fn new(
        resolver: Arc<Resolver>,
        raw: Vec<(&'static [u8], Arc<ServerConfig>)>,
    ) -> Result<Self, Error> {
        let web = Arc::new(web_config(Arc::clone(&resolver))?);
        Ok(Self { resolver, web, raw })
    }

    /// The certificates.
    pub(crate) fn resolver(&self) -> &Arc<Resolver> {
        &self.resolver
    }

    /// Encrypts a connection. The caller bounds the time.
    pub(crate) async fn accept(&self, tcp: TcpStream) -> io::Result<Accepted> {
        let mut start = LazyConfigAcceptor::new(Acceptor::default(), tcp).await?;
        match self.choose(&start.client_hello()) {
            Choice::Web => Ok(Accepted::Web(start.into_stream(Arc::clone(&self.web)).await?)),
            Choice::Raw(alpn, config) => {
                let stream = start.into_stream(config).await?;
                if stream.get_ref().1.alpn_protocol() != Some(alpn) {
                    return Err(io::Error::other("another protocol than the one asked for"));
                }
                Ok(Accepted::Raw(alpn, stream))
            }
            Choice::Refused => {
                start.io.write_all(&NO_APPLICATION_PROTOCOL).await?;
                start.io.shutdown().await?;
                Err(io::Error::other("a raw protocol was offered together with another"))
            }
        }
    }

    fn choose(&self, hello: &ClientHello<'_>) -> Choice {
        let offered: Vec<&[u8]> = hello.alpn().into_iter().flatten().collect();
        let wanted = self.raw.iter().find(|(alpn, _)| offered.contains(alpn));
        match (wanted, offered.len()) {
            (None, _) => Choice::Web,
            (Some((alpn, config)), 1) => Choice::Raw(alpn, Arc::clone(config)),
            (Some(_), _) => Choice::Refused,
        }
    }
}

fn web_config(resolver: Arc<Resolver>) -> Result<ServerConfig, Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(resolver);
    config.alpn_protocols = vec![ALPN_HTTP2.to_vec(), ALPN_HTTP1.to_vec()];
    config.ticketer = aws_lc_rs::Ticketer::new()?;
    Ok(config)
}
