//! A printer that echoes messages with `fastwebsockets`, or says what a test tells it to.

use std::{
    convert::Infallible,
    net::{Ipv4Addr, SocketAddr},
};

use anyhow::{Context, Result};
use bytes::Bytes;
use fastwebsockets::{FragmentCollector, Frame, OpCode, Role, WebSocket};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::Empty;
use hyper::{body::Incoming, service::service_fn, upgrade::Upgraded};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::workshop::is_of_stranger;

/// More than any vector says.
const LIMIT: usize = 16 * 1024 * 1024;

pub(super) struct Echo {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Echo {
    pub(super) async fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                tokio::spawn(serve(tcp));
            }
        });
        Ok(Self { address, task })
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(tcp: TcpStream) {
    let service = service_fn(async |request| Ok::<_, Infallible>(answer(request)));
    let connection = hyper::server::conn::http1::Builder::new();
    let _ = connection.serve_connection(TokioIo::new(tcp), service).with_upgrades().await;
}

/// Which of the printers' vectors to say, if any, stands in the header `X-Say`.
fn answer(mut request: Request<Incoming>) -> Response<Empty<Bytes>> {
    let mut answer = Response::new(Empty::new());
    if is_of_stranger(request.headers()) {
        *answer.status_mut() = StatusCode::FORBIDDEN;
    }
    let Some(key) = request.headers().get("sec-websocket-key") else { return answer };
    let accept = derive_accept_key(key.as_bytes());
    let say = request.headers().get("x-say").and_then(|number| number.to_str().ok()?.parse().ok());
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let Ok(upgraded) = upgrade.await else { return };
        let _ = match say {
            Some(number) => recite(upgraded, number).await,
            None => echo(upgraded).await,
        };
    });
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = answer.headers_mut();
    headers.insert("connection", HeaderValue::from_static("upgrade"));
    headers.insert("upgrade", HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(&accept) {
        headers.insert("sec-websocket-accept", accept);
    }
    answer
}

async fn recite(upgraded: Upgraded, number: usize) -> Result<()> {
    let vector = super::from_printers().into_iter().nth(number).context("no such vector")?;
    let mut io = TokioIo::new(upgraded);
    io.write_all(&vector.printer).await?;
    hang_up(io).await
}

async fn echo(upgraded: Upgraded) -> Result<()> {
    let mut socket = WebSocket::after_handshake(TokioIo::new(upgraded), Role::Server);
    socket.set_max_message_size(LIMIT);
    let mut socket = FragmentCollector::new(socket);
    while let Ok(frame) = socket.read_frame().await {
        match frame.opcode {
            OpCode::Text | OpCode::Binary => {
                let echoed = Frame::new(true, frame.opcode, None, frame.payload);
                socket.write_frame(echoed).await?;
            }
            OpCode::Close => break,
            _ => {}
        }
    }
    hang_up(socket.into_inner()).await
}

/// Ends without a reset, which could overtake what was said.
async fn hang_up(mut io: TokioIo<Upgraded>) -> Result<()> {
    io.shutdown().await?;
    let mut unheard = vec![0; 64 * 1024];
    while io.read(&mut unheard).await? > 0 {}
    Ok(())
}
