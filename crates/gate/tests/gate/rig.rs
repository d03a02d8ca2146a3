//! A gate, the server behind it, and a visitor.

use std::{
    fmt::Write,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Body, extract::Request, routing::any};
use gate::{Gate, HashText, Parts, Patience, Settings};
use printer::{OsRandom, SystemClock};
use reqwest::{Client, RequestBuilder};
use rustls::pki_types::ServerName;
use tempfile::TempDir;
use testkit::client::client_config;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_util::sync::{CancellationToken, DropGuard};

/// `rattling teapot`, by `mkpasswd -m sha-256`: cheap to check, so that tests are quick.
pub(crate) const HASH: &str = "$5$13NktC.4XQO17ZoS$Tzf6GITOEV4KBsYb/8yWMApTaVb0r.cczCxRD9SjaI6";
pub(crate) const PASSWORD: &str = "rattling teapot";
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Rig {
    pub(crate) gate: Gate,
    pub(crate) settings: Settings,
    pub(crate) address: SocketAddr,
    pub(crate) visitor: Client,
    /// How many bodies began to come to the server, and how many of them broke off.
    pub(crate) begun: Arc<AtomicUsize>,
    pub(crate) broken: Arc<AtomicUsize>,
    _folder: TempDir,
    _stop: DropGuard,
}

impl Rig {
    /// A gate that takes these for inside.
    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::waiting(Patience::default(), change).await
    }

    /// The same with a patience of its own.
    pub(crate) async fn waiting(patience: Patience, change: impl FnOnce(&mut Settings)) -> Self {
        let (begun, broken) = (Arc::default(), Arc::default());
        let mut settings = Settings {
            upstream: format!("http://{}", server(Arc::clone(&begun), Arc::clone(&broken)).await)
                .parse()
                .ok(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            ..Settings::default()
        };
        settings.users.insert("ada".to_owned(), HashText(HASH.to_owned()));
        change(&mut settings);
        let folder = tempfile::tempdir().unwrap();
        let parts = Parts {
            folder: folder.path(),
            clock: Arc::new(SystemClock::new()),
            random: Arc::new(OsRandom),
            patience,
        };
        let (gate, listeners) = Gate::open(settings.config().unwrap(), parts).await.unwrap();
        let address = Gate::addresses(&listeners).unwrap()[0].https;
        let stop = CancellationToken::new();
        let (serving, shutdown) = (gate.clone(), stop.clone());
        tokio::spawn(async move { serving.serve(listeners, shutdown).await.unwrap() });
        let visitor = Client::builder()
            .tls_danger_accept_invalid_certs(true)
            .resolve("evil.example", address)
            .no_proxy()
            .build()
            .unwrap();
        let stop = stop.drop_guard();
        Self { gate, settings, address, visitor, begun, broken, _folder: folder, _stop: stop }
    }

    pub(crate) async fn outside() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn inside() -> Self {
        Self::with(|settings| settings.inside.push("127.0.0.1".to_owned())).await
    }

    pub(crate) fn origin(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    /// A connection on which a visitor writes what they like.
    pub(crate) async fn connect(&self) -> TlsStream<TcpStream> {
        let tcp = TcpStream::connect(self.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let connector = TlsConnector::from(Arc::new(client_config().unwrap()));
        connector.connect(name, tcp).await.unwrap()
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.visitor.get(format!("{}{path}", self.origin()))
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.visitor.post(format!("{}{path}", self.origin()))
    }
}

pub(crate) async fn status(request: RequestBuilder) -> u16 {
    request.send().await.unwrap().status().as_u16()
}

/// A server that says what it was asked, or goes on for ever at `/stream`.
async fn server(begun: Arc<AtomicUsize>, broken: Arc<AtomicUsize>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let echo = async |request: Request, broken: Arc<AtomicUsize>| {
        let (parts, body) = request.into_parts();
        let Ok(body) = axum::body::to_bytes(body, usize::MAX).await else {
            broken.fetch_add(1, Ordering::SeqCst);
            return String::new();
        };
        let mut said = format!("{} {}\n", parts.method, parts.uri);
        for (name, value) in &parts.headers {
            writeln!(said, "{name}: {}", value.to_str().unwrap()).unwrap();
        }
        format!("{said}{} bytes\n", body.len())
    };
    let echo = any(move |request: Request| {
        begun.fetch_add(1, Ordering::SeqCst);
        echo(request, Arc::clone(&broken))
    });
    let stream = any(|| async {
        let ticks = futures_util::stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Some((Ok::<_, std::io::Error>("tick\n"), ()))
        });
        Body::from_stream(ticks)
    });
    let router = Router::new().route("/stream", stream).fallback(echo);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}
