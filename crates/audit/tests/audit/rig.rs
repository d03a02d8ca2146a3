//! An audit of single targets, and servers that say what a test tells them to.

use std::{net::SocketAddr, sync::Arc};

use anyhow::{Context, Result};
use audit::{Host, Reach, Report, Scope, Survey, SystemNames, TcpDial};
use printer::SystemClock;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// Looks at targets as `layerlock audit` does.
pub(crate) async fn look(targets: &[&str]) -> Result<Report> {
    let targets = targets.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
    let survey = Survey { targets, scope: Scope::Private, routers: Vec::new() };
    Ok(survey.run(&reach(), &SystemNames, |_| {}).await?)
}

/// Looks at one target, which must answer.
pub(crate) async fn look_at(url: &str) -> Result<Host> {
    let target = url.trim_start_matches("http://").trim_end_matches('/');
    let report = look(&[target]).await?;
    report.hosts.into_iter().next().context("it didn't answer")
}

pub(crate) fn reach() -> Reach {
    Reach::new(Arc::new(TcpDial), Arc::new(SystemClock::new()))
}

/// What was found, as words.
pub(crate) fn codes(host: &Host) -> Vec<&'static str> {
    host.findings.iter().map(|finding| finding.code).collect()
}

/// A server that answers each connection as `answer` says; it ends when this is dropped.
pub(crate) struct Stub {
    pub(crate) address: SocketAddr,
    _connections: JoinSet<()>,
}

impl Stub {
    /// `answer` gets the connection and the path that was asked for.
    pub(crate) async fn start<F>(answer: fn(TcpStream, String) -> F) -> Result<Self>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let mut connections = JoinSet::new();
        connections.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                open.spawn(async move {
                    let path = path(&mut stream).await;
                    answer(stream, path).await;
                });
            }
        });
        Ok(Self { address, _connections: connections })
    }
}

/// The path of a request; empty for whatever isn't one.
async fn path(stream: &mut TcpStream) -> String {
    head(stream).await.split(' ').nth(1).unwrap_or_default().to_owned()
}

/// A request up to its body; what isn't one as far as it goes.
pub(crate) async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut bytes = [0; 1_024];
    while !head.windows(4).any(|four| four == b"\r\n\r\n") {
        match stream.read(&mut bytes).await {
            Ok(count) if count > 0 => head.extend(bytes.iter().take(count)),
            _ => break,
        }
        if head.first() == Some(&0x16) {
            break; // A TLS hello.
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// One whole answer.
pub(crate) async fn say(mut stream: TcpStream, status: &str, headers: &str, body: &str) {
    let length = body.len();
    let text = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n{body}");
    let _ = stream.write_all(text.as_bytes()).await;
}
