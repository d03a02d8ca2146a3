//! A camera as OctoPi has it: `/?action=stream` (MJPEG) and `/?action=snapshot` on a port of its
//! own, every frame different. It counts what it sends, and how much of that was asked for
//! through a proxy (`/counts` for programs): a test can then tell whether a browser really came
//! through the relay.

mod frame;

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::{interval, timeout},
};

/// Ten frames a second.
const PERIOD: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(10);
const LONGEST_HEAD: u64 = 16 * 1024;

/// A running camera; it stops when this is dropped.
pub struct Camera {
    address: SocketAddr,
    counts: Arc<Counts>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Counts {
    made: AtomicU64,
    sent: AtomicU64,
    forwarded: AtomicU64,
}

impl Camera {
    /// Starts one on a free port.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let counts = Arc::<Counts>::default();
        let task = tokio::spawn(accept(listener, Arc::clone(&counts)));
        Ok(Self { address, counts, task })
    }

    /// `http://127.0.0.1:PORT/`
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Frames sent so far, snapshots included.
    pub fn sent(&self) -> u64 {
        self.counts.sent.load(Ordering::Relaxed)
    }

    /// Those among them whose request carried `X-Forwarded-For`.
    pub fn forwarded(&self) -> u64 {
        self.counts.forwarded.load(Ordering::Relaxed)
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, counts: Arc<Counts>) {
    // The viewers live in this task's set, so that they end with the camera.
    let mut viewers = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        viewers.spawn(view(stream, Arc::clone(&counts)));
        while viewers.try_join_next().is_some() {}
    }
}

/// One viewer, until it goes away.
async fn view(mut stream: TcpStream, counts: Arc<Counts>) -> Result<()> {
    let request = timeout(PATIENCE, Request::read(&mut stream)).await??;
    if request.target.contains("action=stream") {
        return send_stream(&mut stream, &request, &counts).await;
    }
    let (media_type, body) = match request.target.as_str() {
        "/counts" => ("application/json", counts.to_json().into_bytes()),
        _ => ("image/jpeg", counts.next(&request)?),
    };
    let length = body.len();
    let head = format!("{HEAD}Content-Type: {media_type}\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&body).await.map_err(Into::into)
}

const HEAD: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\nCache-Control: no-store\r\n";

async fn send_stream(stream: &mut TcpStream, request: &Request, counts: &Counts) -> Result<()> {
    let head = format!("{HEAD}Content-Type: multipart/x-mixed-replace;boundary=frame\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    let mut beat = interval(PERIOD);
    loop {
        beat.tick().await;
        let frame = counts.next(request)?;
        let length = frame.len();
        let head =
            format!("--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(&frame).await?;
        stream.write_all(b"\r\n").await?;
    }
}

impl Counts {
    fn next(&self, request: &Request) -> Result<Vec<u8>> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        self.sent.fetch_add(1, Ordering::Relaxed);
        self.forwarded.fetch_add(u64::from(request.forwarded), Ordering::Relaxed);
        frame::jpeg(number)
    }

    fn to_json(&self) -> String {
        let [sent, forwarded] =
            [&self.sent, &self.forwarded].map(|count| count.load(Ordering::Relaxed));
        serde_json::json!({"sent": sent, "forwarded": forwarded}).to_string()
    }
}

struct Request {
    target: String,
    forwarded: bool,
}

impl Request {
    async fn read(stream: &mut TcpStream) -> Result<Self> {
        let mut lines = BufReader::new(stream.take(LONGEST_HEAD)).lines();
        let first = lines.next_line().await?.context("no request")?;
        let target = first.split(' ').nth(1).context("no request line")?.to_owned();
        let mut forwarded = false;
        while let Some(line) = lines.next_line().await?.filter(|line| !line.is_empty()) {
            forwarded |= line.to_ascii_lowercase().starts_with("x-forwarded-for:");
        }
        Ok(Self { target, forwarded })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn snapshots_are_jpegs_and_all_different() {
        let camera = Camera::start().await.unwrap();
        let url = format!("{}?action=snapshot", camera.url());
        let mut snapshots = Vec::new();
        for _ in 0..3 {
            let answer = reqwest::get(&url).await.unwrap();
            assert_eq!(answer.headers()["content-type"], "image/jpeg");
            snapshots.push(answer.bytes().await.unwrap());
        }
        assert!(snapshots.iter().all(|jpeg| jpeg.starts_with(b"\xFF\xD8\xFF")));
        assert_ne!(snapshots[0], snapshots[1]);
        assert_ne!(snapshots[1], snapshots[2]);
        assert_eq!(camera.sent(), 3);
    }

    #[tokio::test]
    async fn frames_that_came_through_a_proxy_are_counted_apart() {
        let camera = Camera::start().await.unwrap();
        let url = format!("{}?action=stream", camera.url());
        let request = reqwest::Client::new().get(url).header("X-Forwarded-For", "192.0.2.1");
        let mut answer = request.send().await.unwrap();
        let mut received = Vec::new();
        while received.windows(7).filter(|bytes| bytes == b"--frame").count() < 3 {
            received.extend(answer.chunk().await.unwrap().unwrap());
        }
        assert!(camera.forwarded() >= 3);
        assert_eq!(camera.forwarded(), camera.sent());
    }
}
