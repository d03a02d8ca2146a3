//! A gate, the server behind it, and a visitor.

use std::{fmt::Write, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::Request, routing::any};
use gate::{Gate, HashText, Parts, Settings};
use printer::{OsRandom, SystemClock};
use reqwest::{Client, RequestBuilder};
use tempfile::TempDir;
use tokio::net::TcpListener;
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
    _folder: TempDir,
    _stop: DropGuard,
}

impl Rig {
    /// A gate that takes these for inside.
    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings {
            upstream: format!("http://{}", server().await).parse().ok(),
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
        Self { gate, settings, address, visitor, _folder: folder, _stop: stop.drop_guard() }
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
async fn server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let echo = any(|request: Request| async move {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let mut said = format!("{} {}\n", parts.method, parts.uri);
        for (name, value) in &parts.headers {
            writeln!(said, "{name}: {}", value.to_str().unwrap()).unwrap();
        }
        format!("{said}{} bytes\n", body.len())
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
