//! Connections from many addresses of this machine's own network, 127.0.0.0/8.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use rustls::{ClientConfig, pki_types::ServerName};
use testkit::client::client_config;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// As many addresses as the abuse comes from.
const ADDRESSES: u32 = 4096;

/// The address of the stranger with this number.
pub(crate) fn address(number: u32) -> Ipv4Addr {
    let [.., high, low] = (number % ADDRESSES).to_be_bytes();
    Ipv4Addr::new(127, 7, high, low.max(1))
}

/// A plain connection to a port of this machine.
pub(crate) async fn tcp(from: Ipv4Addr, port: u16) -> Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((from, 0)))?;
    Ok(socket.connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?)
}

/// An encrypted one, that asks for this name and speaks this protocol.
pub(crate) async fn tls(
    from: Ipv4Addr,
    port: u16,
    name: &str,
    alpn: &[u8],
) -> Result<TlsStream<TcpStream>> {
    let mut config = client_config()?;
    config.alpn_protocols = vec![alpn.to_vec()];
    secure(from, port, name, Arc::new(config)).await
}

/// An encrypted one with another configuration.
pub(crate) async fn secure(
    from: Ipv4Addr,
    port: u16,
    name: &str,
    config: Arc<ClientConfig>,
) -> Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from(name.to_owned())?;
    let connecting = TlsConnector::from(config).connect(name, tcp(from, port).await?);
    Ok(timeout(PATIENCE, connecting).await.context("no handshake in time")??)
}

/// Says something, and returns how the answer begins.
pub(crate) async fn exchange(
    stream: &mut (impl AsyncReadExt + AsyncWriteExt + Unpin),
    bytes: &[u8],
) -> Result<String> {
    stream.write_all(bytes).await?;
    let mut answer = vec![0; 4096];
    let read = timeout(PATIENCE, stream.read(&mut answer)).await.context("no answer")??;
    answer.truncate(read);
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Fails unless an answer of HTTP/1.1 has one of these codes.
pub(crate) fn expect(answer: &str, codes: &[&str]) -> Result<()> {
    let code = answer.split(' ').nth(1).unwrap_or_default();
    let line = answer.lines().next().unwrap_or("nothing");
    ensure!(codes.contains(&code), "not {codes:?} but {line}");
    Ok(())
}
