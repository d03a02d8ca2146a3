//! Uploads that a printer doesn't read, over a connection between a hub and the inside of an agent.

use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use http::{Method, StatusCode, header::CONTENT_LENGTH};
use http_body_util::Full;
use printer::{AccountId, OsRandom, PrinterId};
use socket2::SockRef;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, duplex},
    net::{TcpSocket, TcpStream},
    sync::Notify,
    task::JoinHandle,
    time::{sleep, timeout},
};
use tunnel::{Limits, Tunnel};
use wire::{Nonce, Stamp};

use super::*;
use crate::inside::{
    Inside,
    tests::{ACCEPTED, DEADLINE, inside_with, relayed, visit},
};

/// Longer than a window and everything between the agent and a printer.
const UPLOAD: usize = 1024 * 1024;

/// What may wait, instead of what a real agent allows.
const MOST: usize = 2 * 1024 * 1024;

/// The least that waits of an upload that isn't read: half a window. While memory is scarce, it is a
/// quarter of that.
const STALLED: usize = 128 * 1024;

/// A printer that reads nothing of uploads but those to `/later`, and these when it is told to.
fn printer() -> (SocketAddr, Arc<Notify>) {
    let socket = TcpSocket::new_v4().unwrap();
    // The system keeps a few segments for everybody who sends, and those of this machine are large.
    SockRef::from(&socket).set_tcp_mss(536).unwrap();
    socket.set_recv_buffer_size(8 * 1024).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let (listener, read) = (socket.listen(128).unwrap(), Arc::new(Notify::new()));
    let (address, told) = (listener.local_addr().unwrap(), Arc::clone(&read));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, Arc::clone(&told)));
        }
    });
    (address, read)
}

async fn serve(mut stream: TcpStream, told: Arc<Notify>) {
    let mut head = Vec::new();
    while let Ok(byte) = stream.read_u8().await {
        head.push(byte);
        if !head.ends_with(b"\r\n\r\n") {
            continue;
        }
        let text = String::from_utf8(std::mem::take(&mut head)).unwrap();
        if text.starts_with("POST /stall ") {
            std::future::pending::<()>().await;
        }
        if text.starts_with("POST /later ") {
            told.notified().await;
            stream.read_exact(&mut vec![0; UPLOAD]).await.unwrap();
        }
        let is_check = text.contains("host: printer.invalid\r\n");
        let status = if is_check { "403 Forbidden" } else { "200 OK" };
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
        let _ = stream.write_all(answer.as_bytes()).await;
    }
}

struct Bench {
    inside: Inside,
    printer: PrinterId,
    hub: Tunnel,
    told: Arc<Notify>,
}

impl Bench {
    async fn new() -> Self {
        let (address, told) = printer();
        let (mut inside, ids) = inside_with(&[format!("http://{address}")], ACCEPTED).await;
        Arc::get_mut(&mut inside.memory).unwrap().uploads = Uploads(Allowance::new(MOST));
        let (here, there) = duplex(64 * 1024);
        let (agent, stop) = (inside.clone(), inside.stopping.clone());
        let handler = move |request| agent.clone().receive(request);
        tokio::spawn(tunnel::serve_with(there, Limits::TUNNEL, handler, stop));
        let (hub, driver) = Tunnel::open_with(here, Limits::TUNNEL).await.unwrap();
        tokio::spawn(driver);
        Self { inside, printer: ids[0], hub, told }
    }

    /// Sends a request in somebody's name.
    fn ask(&self, account: AccountId, path: &str, size: usize) -> JoinHandle<StatusCode> {
        let stamp = Stamp { tick: self.inside.memory.fresh.tick(), nonce: Nonce::new(&OsRandom) };
        let relayed = Relayed { account, stamp: Some(stamp), ..relayed() };
        let request = visit(&wire::printer_authority(self.printer), path, &relayed);
        let (mut parts, _) = request.into_parts();
        if size > 0 {
            parts.method = Method::POST;
            parts.headers.insert(CONTENT_LENGTH, size.into());
        }
        let request = Request::from_parts(parts, Full::new(Bytes::from(vec![b'x'; size])));
        let hub = self.hub.clone();
        tokio::spawn(async move { hub.send(request).await.unwrap().status() })
    }

    async fn until(&self, so: impl Fn(&Allowance) -> bool) {
        let allowance = &self.inside.memory.uploads.0;
        let waiting = async {
            while !so(allowance) {
                // Nothing but the frame that has just come may be too much.
                assert!(allowance.held() <= MOST + 20 * 1024, "{}", allowance.held());
                sleep(std::time::Duration::from_millis(1)).await;
            }
        };
        timeout(DEADLINE, waiting).await.expect("it never happened");
    }
}

// covers: RL-7
#[tokio::test]
async fn printer_reads_nothing_of_many_uploads() {
    let bench = Bench::new().await;
    let (greedy, other) = (relayed().account, relayed().account);
    // What waits for longest is somebody else's.
    let modest = bench.ask(other, "/later", UPLOAD);
    bench.until(|allowance| allowance.held() >= STALLED).await;
    let uploads: Vec<_> = (0..100).map(|_| bench.ask(greedy, "/stall", UPLOAD)).collect();
    bench.until(|allowance| allowance.given_up() >= 20).await;
    bench.until(|allowance| allowance.held() <= MOST).await;

    let answered = timeout(DEADLINE, bench.ask(other, "/", 0)).await.unwrap();
    assert_eq!(answered.unwrap(), StatusCode::OK);
    bench.told.notify_one();
    let answered = timeout(DEADLINE, modest).await.unwrap();
    assert_eq!(answered.unwrap(), StatusCode::OK, "a person pays for another one");
    assert!(uploads.iter().any(|upload| !upload.is_finished()), "more than had to be");
}
