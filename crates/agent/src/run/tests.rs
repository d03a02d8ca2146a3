//! Whole tunnels in memory: real keys, real TLS, real HTTP/2, and a hub that does as it is told.

mod moves;
mod outages;
mod stops;

use http::{Method, Request};
use http_body_util::BodyExt;
use printer::{OsRandom, SystemClock};
use testkit::cable::Cable;
use tokio::{io::DuplexStream, sync::mpsc, time::timeout};
use tokio_rustls::TlsAcceptor;
use tunnel::{ALPN_TUNNEL, Tunnel, server_config};
use wire::{Hello, HelloAnswer, Nonce, RELAYED_HEADER, Relayed, Report, Stamp};

use super::*;
use crate::{
    Home,
    inside::tests::{DEADLINE, fake_printer, relayed},
};

struct Rig {
    hub: Identity,
    data: tempfile::TempDir,
    cable: Cable,
    dialled: mpsc::UnboundedReceiver<DuplexStream>,
    status: watch::Receiver<Status>,
    leaving: CancellationToken,
    shutdown: CancellationToken,
    running: tokio::task::JoinHandle<Result<(), Error>>,
}

/// An agent that runs, whose hub is played by the test.
fn start(pinned: Option<Fingerprint>) -> Rig {
    start_with(pinned, Arc::new(OsRandom))
}

fn start_with(pinned: Option<Fingerprint>, random: Arc<dyn Random>) -> Rig {
    let data = tempfile::tempdir().unwrap();
    let home = Home::open(data.path()).unwrap();
    let hub = Identity::generate().unwrap();
    let pin = pinned.unwrap_or(hub.public_key().fingerprint());
    let (url, name) = ("https://localhost".parse().unwrap(), "workshop".parse().unwrap());
    let transport = Transport::Direct;
    home.remember_hub(&crate::Hub { url, key: pin, name, transport, closed: None, next_key: None })
        .unwrap();
    let leaving = CancellationToken::new();
    let agent = Agent {
        identity: home.identity().unwrap(),
        hub: pin,
        authority: "localhost".to_owned(),
        transport,
        name: "workshop".parse().unwrap(),
        home,
        lineage: Lineage::new(&OsRandom, None),
        leaving: leaving.clone(),
        random,
    };
    let cable = Cable::new();
    let (dial, dialled) = mpsc::unbounded_channel();
    let laid = cable.clone();
    let dial = move || {
        let (near, far) = laid.pipe();
        let sent = dial.send(far);
        std::future::ready(sent.map(|()| near).map_err(|_| io::ErrorKind::ConnectionRefused.into()))
    };
    let (said, status) = watch::channel(Status::Connecting);
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(run(agent, dial, said, shutdown.clone()));
    Rig { hub, data, cable, dialled, status, leaving, shutdown, running }
}

impl Rig {
    async fn accept(&mut self) -> Tunnel {
        let io = timeout(DEADLINE, self.dialled.recv()).await.expect("nobody dials").unwrap();
        let acceptor = TlsAcceptor::from(server_config(&self.hub, ALPN_TUNNEL).unwrap());
        let (tunnel, driver) = Tunnel::open(acceptor.accept(io).await.unwrap()).await.unwrap();
        tokio::spawn(driver);
        tunnel
    }

    async fn reaches(&mut self, wanted: impl FnMut(&Status) -> bool) {
        timeout(DEADLINE, self.status.wait_for(wanted)).await.expect("never got there").unwrap();
    }
}

async fn greet(tunnel: &Tunnel, refused: Option<Refusal>) -> HelloAnswer {
    let hello = Hello { protocol: wire::PROTOCOL, version: "9".to_owned(), refused };
    let request = Request::builder()
        .method(Method::POST)
        .uri("https://agent.internal/v1/hello")
        .body(http_body_util::Full::new(bytes::Bytes::from(serde_json::to_vec(&hello).unwrap())))
        .unwrap();
    let answer = tunnel.send(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&body).unwrap()
}

fn get(uri: &str) -> Request<http_body_util::Empty<bytes::Bytes>> {
    let relayed = relayed().encode();
    Request::get(uri).header(RELAYED_HEADER, relayed).body(http_body_util::Empty::new()).unwrap()
}

// covers: RL-1, RL-6, RL-7
#[tokio::test]
async fn a_printer_is_reached_through_a_tunnel_and_again_after_it_was_lost() {
    let (printer, _questions) =
        fake_printer("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").await;
    let mut rig = start(None);
    let home = Home::open(rig.data.path()).unwrap();
    let new = format!("octoprint=http://{printer}").parse().unwrap();
    let id = home.add_printer(new, &SystemClock::new(), &OsRandom).await.unwrap().id;
    for _ in 0..2 {
        let tunnel = rig.accept().await;
        assert!(
            !matches!(*rig.status.borrow(), Status::Connected),
            "connected before the greeting"
        );
        let _ = greet(&tunnel, None).await;
        rig.reaches(|status| *status == Status::Connected).await;
        let mut events = tunnel.send(get("https://agent.internal/v1/events")).await.unwrap();
        wait_until_online(events.body_mut()).await;
        let page = get(&format!("https://{}/page", wire::printer_authority(id)));
        let body = tunnel.send(page).await.unwrap().into_body().collect().await.unwrap();
        assert_eq!(body.to_bytes(), "hello");
        tunnel.close();
        rig.reaches(|status| matches!(status, Status::Waiting { .. } | Status::Connecting)).await;
    }
}

async fn wait_until_online(events: &mut tunnel::Body) {
    loop {
        let frame = timeout(DEADLINE, events.frame()).await.unwrap().unwrap().unwrap();
        // One piece may hold several lines.
        let lines = frame.into_data().unwrap();
        let mut reports = serde_json::Deserializer::from_slice(&lines).into_iter::<Report>();
        if reports.any(|report| report.unwrap().printers.iter().any(|printer| printer.online)) {
            return;
        }
    }
}

// covers: LK-3, RL-6
#[tokio::test]
async fn an_unlinked_agent_stops_and_says_why() {
    let mut rig = start(None);
    let tunnel = rig.accept().await;
    let _ = greet(&tunnel, Some(Refusal::Revoked)).await;
    tunnel.close();
    let ended = timeout(DEADLINE, rig.running).await.unwrap().unwrap().unwrap_err();
    assert!(ended.to_string().contains("link it again"), "{ended}");
    assert_eq!(*rig.status.borrow(), Status::Refused(Refusal::Revoked));
    let written = Home::open(rig.data.path()).unwrap().hub().unwrap().unwrap();
    assert_eq!(written.closed, Some(Closed::Revoked), "the next start knocks again");
}

// covers: RL-7
#[tokio::test]
async fn an_unknown_agent_keeps_asking_slowly() {
    let mut rig = start(None);
    let tunnel = rig.accept().await;
    let _ = greet(&tunnel, Some(Refusal::Unknown)).await;
    tunnel.close();
    rig.reaches(|status| *status == Status::Refused(Refusal::Unknown)).await;
    let soon = timeout(Duration::from_millis(500), rig.dialled.recv()).await;
    assert!(soon.is_err(), "dialled again at once");
    rig.shutdown.cancel();
    timeout(DEADLINE, rig.running).await.unwrap().unwrap().unwrap();
}

// covers: RL-6
#[tokio::test]
async fn somebody_poses_as_the_hub() {
    let mut rig = start(Some(Identity::generate().unwrap().public_key().fingerprint()));
    let io = timeout(DEADLINE, rig.dialled.recv()).await.unwrap().unwrap();
    let acceptor = TlsAcceptor::from(server_config(&rig.hub, ALPN_TUNNEL).unwrap());
    assert!(acceptor.accept(io).await.is_err());
    rig.reaches(|status| {
        matches!(status, Status::Waiting { reason, .. } if reason.contains("can't prove the hub's key"))
    })
    .await;
}

// covers: OP-3
#[tokio::test]
async fn a_running_agent_stops_when_asked() {
    let mut rig = start(None);
    let tunnel = rig.accept().await;
    let _ = greet(&tunnel, None).await;
    rig.reaches(|status| *status == Status::Connected).await;
    rig.shutdown.cancel();
    timeout(DEADLINE, &mut rig.running).await.expect("still running").unwrap().unwrap();
    assert_eq!(*rig.status.borrow(), Status::Stopped);
}

// covers: RL-1
#[tokio::test]
async fn a_websocket_reaches_a_printer_through_the_tunnel() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(echo(stream));
        }
    });
    let mut rig = start(None);
    let home = Home::open(rig.data.path()).unwrap();
    let new = format!("moonraker=http://{address}").parse().unwrap();
    let id = home.add_printer(new, &SystemClock::new(), &OsRandom).await.unwrap().id;
    home.accept_risk("moonraker").unwrap();
    let tunnel = rig.accept().await;
    let tick = greet(&tunnel, None).await.tick;
    let mut events = tunnel.send(get("https://agent.internal/v1/events")).await.unwrap();
    wait_until_online(events.body_mut()).await;

    let (to_printer, body) = forward::channel();
    let mut opening = get(&format!("https://{}/websocket", wire::printer_authority(id)))
        .map(|_| body.map_err(io::Error::other));
    *opening.method_mut() = Method::CONNECT;
    let stamp = Some(Stamp { tick, nonce: Nonce::new(&OsRandom) });
    let relayed = Relayed { stamp, ..relayed() }.encode();
    opening.headers_mut().insert(RELAYED_HEADER, relayed.parse().unwrap());
    opening.extensions_mut().insert(tunnel::Protocol::from_static("websocket"));
    let opened = tunnel.send(opening).await.unwrap();
    assert_eq!(opened.status(), 200);
    let masked: &[u8] = &[0x81, 0x82, 0, 0, 0, 0, b'h', b'i'];
    to_printer.send(masked.into()).await.unwrap();
    let mut body = opened.into_body();
    let frame = timeout(DEADLINE, body.frame()).await.unwrap().unwrap().unwrap();
    assert_eq!(frame.into_data().unwrap(), &[0x81, 2, b'h', b'i'][..]);
}

/// A printer that echoes WebSocket messages, and answers anything else with a page.
async fn echo(stream: tokio::net::TcpStream) {
    use futures_util::{SinkExt, StreamExt};
    let mut start = [0; 6];
    stream.peek(&mut start).await.unwrap();
    if &start == b"GET / " {
        let page = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        let mut stream = stream;
        tokio::io::AsyncWriteExt::write_all(&mut stream, page).await.unwrap();
        return;
    }
    let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
    while let Some(Ok(message)) = socket.next().await {
        socket.send(message).await.unwrap();
    }
}

// covers: RL-1
#[tokio::test]
async fn a_running_agent_notices_printers_that_come_and_go() {
    let (printer, _questions) = fake_printer("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let mut rig = start(None);
    let tunnel = rig.accept().await;
    let _ = greet(&tunnel, None).await;
    let mut events = tunnel.send(get("https://agent.internal/v1/events")).await.unwrap();
    let home = Home::open(rig.data.path()).unwrap();
    let new = format!("octoprint=http://{printer}").parse().unwrap();
    home.add_printer(new, &SystemClock::new(), &OsRandom).await.unwrap();
    wait_until_online(events.body_mut()).await;
    home.remove_printer("OctoPrint").unwrap();
    let frame = timeout(DEADLINE, events.body_mut().frame()).await.unwrap().unwrap().unwrap();
    let report: Report = serde_json::from_slice(&frame.into_data().unwrap()).unwrap();
    assert_eq!(report.printers, []);
}
