//! A running edge with a small web application behind it, and clients that trust its key alone.

use std::{
    convert::Infallible,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use edge::{
    Connection, FurtherPort, Limits, RequestId, Stop, Tls, TrustedProxies,
    certificate::{Resolver, SelfSigned},
};
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::{
    body::Incoming,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{
    ClientConfig, DigitallySignedStruct, ServerConfig, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use sha2::{Digest, Sha256};
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    sync::{
        Semaphore,
        mpsc::{UnboundedSender, unbounded_channel},
    },
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_util::sync::CancellationToken;
use x509_parser::prelude::{FromDer, X509Certificate};

pub(crate) const RAW: &[u8] = b"test-raw/1";
/// A raw protocol whose server stays until the last visitor has gone.
pub(crate) const STAYS: &[u8] = b"test-stays/1";
pub(crate) const HTTP1: &[u8] = b"http/1.1";
pub(crate) const HTTP2: &[u8] = b"h2";

/// Longer than anything here takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) struct Rig {
    pub(crate) https: SocketAddr,
    pub(crate) http: SocketAddr,
    pub(crate) resolver: Arc<Resolver>,
    pub(crate) further: UnboundedSender<FurtherPort>,
    pub(crate) leaving: CancellationToken,
    pub(crate) shutdown: CancellationToken,
    pub(crate) gate: Arc<Gate>,
    serving: JoinHandle<io::Result<()>>,
    _folder: tempfile::TempDir,
}

/// Where requests to `/wait` wait.
pub(crate) struct Gate {
    pub(crate) reached: Semaphore,
    pub(crate) open: Semaphore,
}

impl Rig {
    pub(crate) fn start() -> Self {
        Self::with(Limits::default(), "")
    }

    pub(crate) fn limited(limits: Limits) -> Self {
        Self::with(limits, "")
    }

    pub(crate) fn with(limits: Limits, trusted: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(printer::SystemClock::new());
        let own = SelfSigned::load_or_create(folder.path(), clock).unwrap();
        let resolver = Arc::new(Resolver::new(own, &["localhost".to_owned()]).unwrap());
        let raw_protocols = [RAW, STAYS].map(|alpn| (alpn, raw_config(&resolver, alpn)));
        let tls = Tls::new(Arc::clone(&resolver), raw_protocols.into()).unwrap();
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listeners = edge::bind(any, Some(any)).unwrap();
        let listening = listeners.addresses().unwrap();
        let (further, ports) = unbounded_channel();
        let listeners = listeners.with_further(ports);
        let stop = Stop::default();
        let Stop { leaving, asked: shutdown, emptied } = stop.clone();
        let gate = Arc::new(Gate { reached: Semaphore::new(0), open: Semaphore::new(0) });
        let trusted: TrustedProxies = trusted.parse().unwrap();
        let app = {
            let gate = Arc::clone(&gate);
            tower::service_fn(move |request| application(Arc::clone(&gate), request))
        };
        let raw = move |alpn, stream, _| raw(alpn, stream, emptied.clone());
        let serving = edge::serve(listeners, tls, app, raw, trusted, limits, stop);
        Self {
            https: listening.https,
            http: listening.http.unwrap(),
            resolver,
            further,
            leaving,
            shutdown,
            gate,
            serving: tokio::spawn(serving),
            _folder: folder,
        }
    }

    /// A TLS connection for a host, offering protocols.
    pub(crate) async fn connect(
        &self,
        host: &str,
        alpn: &[&[u8]],
    ) -> io::Result<TlsStream<TcpStream>> {
        self.connect_with(host, self.client_config(alpn, rustls::ALL_VERSIONS)).await
    }

    pub(crate) async fn connect_with(
        &self,
        host: &str,
        config: ClientConfig,
    ) -> io::Result<TlsStream<TcpStream>> {
        let tcp = TcpStream::connect(self.https).await?;
        let name = ServerName::try_from(host.to_owned()).unwrap();
        within(TlsConnector::from(Arc::new(config)).connect(name, tcp)).await
    }

    pub(crate) fn client_config(
        &self,
        alpn: &[&[u8]],
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> ClientConfig {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let pinned =
            Pinned { fingerprint: self.resolver.fingerprint(), provider: Arc::clone(&provider) };
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(pinned))
            .with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|alpn| alpn.to_vec()).collect();
        config
    }

    pub(crate) async fn http1(&self) -> io::Result<http1::SendRequest<Full<Bytes>>> {
        let tls = self.connect("localhost", &[HTTP1]).await?;
        let (sender, connection) =
            http1::handshake(TokioIo::new(tls)).await.map_err(io::Error::other)?;
        tokio::spawn(connection.with_upgrades());
        Ok(sender)
    }

    pub(crate) async fn http2(&self) -> io::Result<http2::SendRequest<Full<Bytes>>> {
        let tls = self.connect("localhost", &[HTTP2]).await?;
        let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(tls))
            .await
            .map_err(io::Error::other)?;
        tokio::spawn(connection);
        Ok(sender)
    }

    /// What the application answers to one request over a new HTTP/1.1 connection.
    pub(crate) async fn ask(&self, request: http::request::Builder) -> Response<String> {
        let mut sender = self.http1().await.unwrap();
        let request = request.header("host", "localhost").body(Full::default()).unwrap();
        read(within(sender.send_request(request)).await.unwrap()).await
    }

    /// Waits for the end of serving, without asking for it.
    pub(crate) async fn ended(self) {
        within(self.serving).await.unwrap().unwrap();
    }
}

/// The whole answer.
pub(crate) async fn read(response: Response<Incoming>) -> Response<String> {
    let (head, body) = response.into_parts();
    let body = within(body.collect()).await.unwrap().to_bytes();
    Response::from_parts(head, String::from_utf8(body.to_vec()).unwrap())
}

/// Fails instead of waiting for ever.
pub(crate) async fn within<F: IntoFuture>(future: F) -> F::Output {
    timeout(DEADLINE, future).await.expect("it took too long")
}

/// Tries until it works.
pub(crate) async fn eventually<T>(mut attempt: impl AsyncFnMut() -> Option<T>) -> T {
    let tries = async {
        loop {
            match attempt().await {
                Some(done) => return done,
                None => sleep(Duration::from_millis(10)).await,
            }
        }
    };
    within(tries).await
}

async fn application(
    gate: Arc<Gate>,
    mut request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let connection = *request.extensions().get::<Connection>().unwrap();
    let id = request.extensions().get::<RequestId>().unwrap();
    let body = match request.uri().path() {
        "/client" => connection.client.to_string(),
        "/id" => id.to_string(),
        "/wait" => {
            gate.reached.add_permits(1);
            gate.open.acquire().await.unwrap().forget();
            "waited".to_owned()
        }
        "/length" => request.into_body().collect().await.unwrap().to_bytes().len().to_string(),
        "/socket" => return Ok(echo_socket(&mut request)),
        _ => format!("{:?} {}", request.version(), request.method()),
    };
    Ok(Response::new(Full::from(body)))
}

/// Accepts a WebSocket the way both versions do it, without its framing: what comes is sent back.
fn echo_socket(request: &mut Request<Incoming>) -> Response<Full<Bytes>> {
    let status = match *request.method() {
        Method::CONNECT if request.extensions().get::<hyper::ext::Protocol>().is_some() => 200,
        Method::GET => 101,
        _ => 400,
    };
    let upgrade = hyper::upgrade::on(request);
    tokio::spawn(async move {
        let Ok(upgraded) = upgrade.await else { return };
        let (mut read, mut write) = tokio::io::split(TokioIo::new(upgraded));
        drop(tokio::io::copy(&mut read, &mut write).await);
        drop(write.shutdown().await);
    });
    let mut response = Response::builder().status(status);
    if status == 101 {
        response = response.header("connection", "upgrade").header("upgrade", "websocket");
    }
    response.body(Full::default()).unwrap()
}

/// The raw protocols: says which one it is, and hangs up.
async fn raw(alpn: &'static [u8], mut stream: edge::TlsStream, emptied: CancellationToken) {
    drop(stream.write_all(alpn).await);
    if alpn == STAYS {
        emptied.cancelled().await;
        drop(stream.write_all(b" goodbye").await);
    }
    drop(stream.shutdown().await);
}

fn raw_config(resolver: &Arc<Resolver>, alpn: &[u8]) -> Arc<ServerConfig> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::clone(resolver) as _);
    config.alpn_protocols = vec![alpn.to_vec()];
    Arc::new(config)
}

/// Believes exactly one key, whatever name and dates its certificate has.
#[derive(Debug)]
struct Pinned {
    fingerprint: [u8; 32],
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let (_, certificate) = X509Certificate::from_der(certificate).unwrap();
        let fingerprint: [u8; 32] = Sha256::digest(certificate.public_key().raw).into();
        assert_eq!(fingerprint, self.fingerprint, "another key");
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
