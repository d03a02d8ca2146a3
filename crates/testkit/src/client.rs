//! A person with a browser's habits: a cookie jar, an `Origin` on what they send, the fetch
//! metadata that browsers add, and trust in the first certificate key that a hub showed them.
//! `*.localhost` leads to this machine, as it does in browsers.

mod answer;
mod printer_origin;
mod trust;

use std::{net::SocketAddr, sync::Arc};

use anyhow::{Context, Result, ensure};
use http::Method;
use reqwest::{
    RequestBuilder,
    cookie::Jar,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::Policy,
};
use rustls::ClientConfig;
use serde_json::{Value, json};

pub use self::{
    answer::Answer,
    printer_origin::{PrinterOrigin, WebSocket},
};
pub use trust::client_config;

/// Which HTTP the person's browser speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1
    Http1,
    /// HTTP/2
    Http2,
}

impl Protocol {
    /// Both, for tests that hold for each.
    pub const ALL: [Self; 2] = [Self::Http1, Self::Http2];

    fn alpn(self) -> Vec<u8> {
        match self {
            Self::Http1 => b"http/1.1".to_vec(),
            Self::Http2 => b"h2".to_vec(),
        }
    }
}

/// One person at one hub.
pub struct Client {
    hub: String,
    http: reqwest::Client,
    jar: Arc<Jar>,
    tls: ClientConfig,
}

impl Client {
    /// A person who is not signed in. `hub` is its origin: `https://layerlock.localhost:PORT`.
    pub fn new(hub: &str, protocol: Protocol) -> Result<Self> {
        let jar = Arc::new(Jar::default());
        let tls = trust::client_config()?;
        let mut for_http = tls.clone();
        for_http.alpn_protocols = vec![protocol.alpn()];
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(for_http)
            .cookie_provider(Arc::clone(&jar))
            .dns_resolver(Arc::new(ThisMachine))
            .redirect(Policy::none())
            .no_proxy()
            .build()?;
        Ok(Self { hub: hub.to_owned(), http, jar, tls })
    }

    /// Makes the first account, which signs this person in.
    pub async fn set_up(&self, token: &str, email: &str, password: &str) -> Result<Answer> {
        let body = json!({"token": token, "email": email, "password": password});
        self.send(Method::POST, "/api/v1/setup", Some(&body)).await
    }

    /// Signs in.
    pub async fn sign_in(&self, email: &str, password: &str) -> Result<Answer> {
        let body = json!({"email": email, "password": password});
        self.send(Method::POST, "/api/v1/session", Some(&body)).await
    }

    /// Signs out.
    pub async fn sign_out(&self) -> Result<Answer> {
        self.send(Method::DELETE, "/api/v1/session", None).await
    }

    /// Reads from the hub's API.
    pub async fn get(&self, path: &str) -> Result<Answer> {
        self.send(Method::GET, path, None).await
    }

    /// One call of the hub's API, from the hub's own pages.
    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer> {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(body.to_string());
        }
        Answer::read(request.send().await?).await
    }

    /// A request to the hub with what a browser adds for the hub's own pages, to be changed by a
    /// test before it is sent. Redirects are not followed.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let unsafe_method = method != Method::GET && method != Method::HEAD;
        let request = self.http.request(method, format!("{}{path}", self.hub));
        let request = request.header("Sec-Fetch-Site", "same-origin");
        if unsafe_method { request.header("Origin", &self.hub) } else { request }
    }

    /// Opens a printer as the dashboard's button does and walks the way to its own origin.
    pub async fn open(&self, printer: &str) -> Result<PrinterOrigin<'_>> {
        let answer = self.get(&format!("/api/v1/printers/{printer}")).await?;
        ensure!(answer.status == 200, "no such printer for this person: {answer:?}");
        let url = answer.json()?.pointer("/open/url").and_then(Value::as_str).map(str::to_owned);
        PrinterOrigin::enter(self, &url.context("this printer can't be opened")?).await
    }
}

/// Every name is this machine.
struct ThisMachine;

impl Resolve for ThisMachine {
    fn resolve(&self, _: Name) -> Resolving {
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let addresses: Addrs = Box::new(std::iter::once(address));
        Box::pin(std::future::ready(Ok(addresses)))
    }
}
