//! A running gate, and visitors who come to it from addresses of their choice.

use std::{net::Ipv4Addr, net::SocketAddr, time::Duration};

use anyhow::{Context, Result};
use http::{HeaderValue, Method, Request};
use reqwest::{Client, RequestBuilder};
use rustls::pki_types::ServerName;
use tempfile::TempDir;
use testkit::{
    client::{Protocol, client_config},
    layerlock,
    process::Process,
    wait,
};
use tokio::{
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::client::IntoClientRequest};

/// Listed alone, and so inside.
pub(super) const INSIDE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// In no list.
pub(super) const OUTSIDE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

/// `ada:rattling teapot`, `bob:rattling teapot` and the gate's twin of OctoPrint's administrator.
pub(super) const ADA: &str = "Basic YWRhOnJhdHRsaW5nIHRlYXBvdA==";
pub(super) const BOB: &str = "Basic Ym9iOnJhdHRsaW5nIHRlYXBvdA==";
pub(super) const ADMIN: &str = "Basic YWRtaW46YWRtaW5wYXNz";

/// Made by `openssl passwd -5`: cheap to check.
pub(super) const TEAPOT: &str = "$5$e2egate$DyEgrBk12.FdX1CfmFgQc0fb40JCyfEdwzYY7fsG7H1";
pub(super) const ADMINPASS: &str = "$5$e2egate$6LkrnJwSU38SFzkoYM595f9.oAC0EFFydOSfO38.7C.";

pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// A running `layerlock gate`; it ends when this is dropped.
pub(super) struct Door {
    pub(super) process: Process,
    port: u16,
    data: TempDir,
}

impl Door {
    /// Starts one before `upstream`, with more lines of settings.
    pub(super) async fn start(upstream: &str, more: &str) -> Result<Self> {
        let data = tempfile::tempdir()?;
        std::fs::write(data.path().join("layerlock.toml"), file(upstream, more))?;
        Self::with(data, &[]).await
    }

    /// Starts one on a data folder.
    pub(super) async fn with(data: TempDir, more: &[&str]) -> Result<Self> {
        let listen = ["gate", "--listen", "127.0.0.1:0"];
        let mut process = layerlock::start(data.path(), &[&listen, more].concat())?;
        let port = process.line("the gate's address", PATIENCE, port).await?;
        process.line("the end of the greeting", PATIENCE, |line| said(line, "Reload")).await?;
        Ok(Self { process, port, data })
    }

    /// Changes the file and asks the gate to read it; returns when the log says `what`.
    pub(super) async fn reload(&mut self, text: &str, what: &str) -> Result<()> {
        std::fs::write(self.data.path().join("layerlock.toml"), text)?;
        self.process.hang_up()?;
        self.process.line(what, PATIENCE, |line| said(line, what)).await
    }

    pub(super) fn origin(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// A browser at an address. It doesn't follow redirects.
    pub(super) fn visitor(&self, from: Ipv4Addr, protocol: Protocol) -> Result<Visitor> {
        let mut tls = client_config()?;
        tls.alpn_protocols = vec![alpn(protocol)];
        let http = Client::builder()
            .tls_backend_preconfigured(tls)
            .local_address(std::net::IpAddr::V4(from))
            .resolve("localhost", self.address())
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Visitor { origin: self.origin(), http })
    }

    fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// An encrypted connection from an address.
    pub(super) async fn connect(
        &self,
        from: Ipv4Addr,
        protocol: Protocol,
    ) -> Result<TlsStream<TcpStream>> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((from, 0)))?;
        let stream = socket.connect(self.address()).await?;
        let mut tls = client_config()?;
        tls.alpn_protocols = vec![alpn(protocol)];
        let connector = TlsConnector::from(std::sync::Arc::new(tls));
        Ok(connector.connect(ServerName::try_from("localhost")?, stream).await?)
    }

    /// A WebSocket of the printer's own page.
    pub(super) async fn web_socket(
        &self,
        path: &str,
        from: Ipv4Addr,
        proof: &'static str,
    ) -> Result<WebSocketStream<TlsStream<TcpStream>>> {
        let url = format!("wss://localhost:{}{path}", self.port);
        let mut request = url.into_client_request()?;
        request.headers_mut().insert("origin", self.origin().parse()?);
        if !proof.is_empty() {
            request.headers_mut().insert("authorization", HeaderValue::from_static(proof));
        }
        Ok(client_async(request, self.connect(from, Protocol::Http1).await?).await?.0)
    }

    /// What answers a WebSocket of a page at `origin`, over HTTP/2 (RFC 8441).
    pub(super) async fn web_socket_over_http2(
        &self,
        path: &str,
        from: Ipv4Addr,
        proof: &str,
        origin: &str,
    ) -> Result<u16> {
        let (client, connection) =
            h2::client::handshake(self.connect(from, Protocol::Http2).await?).await?;
        tokio::spawn(connection);
        wait::until("WebSockets over HTTP/2", PATIENCE, || {
            std::future::ready(client.is_extended_connect_protocol_enabled().then_some(()))
        })
        .await?;
        let mut request = Request::builder()
            .method(Method::CONNECT)
            .uri(format!("{}{path}", self.origin()))
            .extension(h2::ext::Protocol::from_static("websocket"))
            .header("sec-websocket-version", "13")
            .header("origin", origin);
        if !proof.is_empty() {
            request = request.header("authorization", proof);
        }
        let (answer, _send) = client.ready().await?.send_request(request.body(())?, false)?;
        Ok(timeout(PATIENCE, answer).await??.status().as_u16())
    }
}

/// A person with a browser.
pub(super) struct Visitor {
    origin: String,
    http: Client,
}

impl Visitor {
    /// A request of the printer's own page, with this `Authorization` if it isn't empty.
    pub(super) fn ask(&self, method: Method, path: &str, proof: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.origin));
        let request = request.header("Origin", &self.origin);
        if proof.is_empty() { request } else { request.header("Authorization", proof) }
    }

    /// The status of an answer.
    pub(super) async fn status(&self, path: &str, proof: &str) -> Result<u16> {
        Ok(self.ask(Method::GET, path, proof).send().await?.status().as_u16())
    }
}

/// A configuration with somebody inside and these lines.
pub(super) fn file(upstream: &str, more: &str) -> String {
    format!("[gate]\nupstream = {upstream:?}\ninside = [\"{INSIDE}\"]\n{more}\n")
}

/// Whether a line has a text in it.
pub(super) fn said(line: &str, text: &str) -> Option<()> {
    line.contains(text).then_some(())
}

fn port(line: &str) -> Option<u16> {
    let address = line.trim().strip_prefix("Gate")?.trim().strip_prefix("https://")?;
    address.rsplit_once(':')?.1.parse().ok()
}

fn alpn(protocol: Protocol) -> Vec<u8> {
    match protocol {
        Protocol::Http1 => b"http/1.1".to_vec(),
        Protocol::Http2 => b"h2".to_vec(),
    }
}

/// Memory of a process in bytes: `VmRSS:` now, `VmHWM:` at most.
pub(super) fn memory(pid: u32, name: &str) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).context("no such line")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
}
