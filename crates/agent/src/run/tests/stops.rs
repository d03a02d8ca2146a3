//! An agent that stops while large answers are under way.

use std::net::SocketAddr;

use bytes::Bytes;
use credentials::Ticket;
use http::Response;
use http_body_util::Full;
use printer::PrinterId;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::Instant,
};
use tunnel::{ALPN_BULK, Limits};

use super::*;

/// What the printer says before it waits, in bytes, and all of it.
const FIRST: usize = 64 * 1024;
const ALL: usize = 3 * FIRST;

/// A printer that stops in the middle of its answer until it is told to go on.
async fn slow_printer() -> (SocketAddr, watch::Sender<bool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (go_on, told) = watch::channel(false);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, told.clone()));
        }
    });
    (address, go_on)
}

async fn answer(mut stream: TcpStream, mut told: watch::Receiver<bool>) -> io::Result<()> {
    let mut head = Vec::new();
    loop {
        head.push(stream.read_u8().await?);
        if !head.ends_with(b"\r\n\r\n") {
            continue;
        }
        let asked = String::from_utf8(std::mem::take(&mut head)).unwrap();
        if asked.starts_with("GET /slow ") {
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {ALL}\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&vec![b'x'; FIRST]).await?;
            let _ = told.wait_for(|told| *told).await;
            stream.write_all(&vec![b'x'; ALL - FIRST]).await?;
        } else {
            let stranger = asked.contains("host: printer.invalid\r\n");
            let status = if stranger { "403 Forbidden" } else { "200 OK" };
            let short = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
            stream.write_all(short.as_bytes()).await?;
        }
    }
}

struct Slow {
    rig: Rig,
    go_on: watch::Sender<bool>,
    printer: PrinterId,
    first: Tunnel,
    reports: tunnel::Body,
}

impl Slow {
    async fn new() -> Self {
        let (address, go_on) = slow_printer().await;
        let mut rig = start(None);
        let home = Home::open(rig.data.path()).unwrap();
        let new = format!("octoprint=http://{address}").parse().unwrap();
        let printer = home.add_printer(new, &SystemClock::new(), &OsRandom).await.unwrap().id;
        let first = rig.accept().await;
        let _ = greet(&first, None).await;
        let events = first.send(get("https://agent.internal/v1/events")).await.unwrap();
        let mut reports = events.into_body();
        wait_until_online(&mut reports).await;
        Self { rig, go_on, printer, first, reports }
    }

    async fn second(&mut self) -> Tunnel {
        let token = Full::new(Bytes::from(Ticket::new(&OsRandom).encode()));
        let wish = Request::post("https://agent.internal/v1/bulk").body(token).unwrap();
        let first = self.first.clone();
        let asked = tokio::spawn(async move { first.send(wish).await.unwrap().status() });
        let io = timeout(DEADLINE, self.rig.dialled.recv()).await.expect("nobody dials").unwrap();
        let acceptor = TlsAcceptor::from(server_config(&self.rig.hub, ALPN_BULK).unwrap());
        let io = acceptor.accept(io).await.unwrap();
        let (second, driver) = Tunnel::open_with(io, Limits::BULK).await.unwrap();
        tokio::spawn(driver);
        assert_eq!(asked.await.unwrap(), 204);
        second
    }

    /// An answer that waits for the hub's word, and its token.
    async fn waiting(&self) -> (Response<tunnel::Body>, String) {
        let relayed = Relayed { bulk: true, ..relayed() }.encode();
        let uri = format!("https://{}/slow", wire::printer_authority(self.printer));
        let request = Request::get(uri).header(RELAYED_HEADER, relayed);
        let request = request.body(http_body_util::Empty::<Bytes>::new()).unwrap();
        let mut answer = self.first.send(request).await.unwrap();
        let said = answer.headers()[wire::REST_HEADER].to_str().unwrap().to_owned();
        let mut here = 0;
        while here < FIRST {
            let frame = timeout(DEADLINE, answer.body_mut().frame()).await.unwrap();
            here += frame.unwrap().unwrap().into_data().unwrap().len();
        }
        (answer, said.split_once(' ').unwrap().1.to_owned())
    }

    /// Asks the agent to stop, and waits until the hub hears that it does.
    async fn stop(&mut self) {
        self.rig.shutdown.cancel();
        while timeout(DEADLINE, self.reports.frame()).await.expect("no word").is_some() {}
    }

    async fn has_ended(self) {
        let ended = timeout(DEADLINE, self.rig.running).await.expect("it goes on");
        ended.unwrap().unwrap();
    }
}

async fn length(body: tunnel::Body) -> usize {
    let whole = timeout(DEADLINE, body.collect()).await.expect("nothing more comes");
    whole.expect("it was cut off").to_bytes().len()
}

// covers: RL-7, OP-3
#[tokio::test]
async fn what_is_on_the_second_connection_is_finished_at_a_stop() {
    let mut slow = Slow::new().await;
    let second = slow.second().await;
    let (mut answer, token) = slow.waiting().await;
    let rest = second.send(get(&format!("https://agent.internal/v1/held/{token}"))).await.unwrap();
    assert!(answer.body_mut().frame().await.is_none());
    slow.stop().await;
    let early = timeout(Duration::from_millis(500), slow.first.closed()).await;
    assert!(early.is_err(), "the first connection doesn't wait for the second");
    slow.go_on.send_replace(true);
    assert_eq!(length(rest.into_body()).await, ALL - FIRST);
    slow.has_ended().await;
}

// covers: RL-7, OP-3
#[tokio::test]
async fn answers_that_wait_for_the_hub_go_on_at_a_stop() {
    let mut slow = Slow::new().await;
    let (answer, _token) = slow.waiting().await;
    slow.stop().await;
    slow.go_on.send_replace(true);
    assert_eq!(length(answer.into_body()).await, ALL - FIRST);
    slow.has_ended().await;
}

// covers: OP-3
#[tokio::test]
async fn a_download_that_never_ends_holds_up_no_stop() {
    let mut slow = Slow::new().await;
    let second = slow.second().await;
    let (_answer, token) = slow.waiting().await;
    let rest = second.send(get(&format!("https://agent.internal/v1/held/{token}"))).await.unwrap();
    let began = Instant::now();
    slow.stop().await;
    slow.has_ended().await;
    assert!(began.elapsed() >= Duration::from_secs(9), "it was cut off early");
    assert!(rest.into_body().collect().await.is_err());
}
