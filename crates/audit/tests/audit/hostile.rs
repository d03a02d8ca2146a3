//! Hosts that mean harm to whoever looks at them.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use audit::{Dial, Error, PRINTER_PORTS, Place, Reach, Software, Subject, examine_within};
use futures_util::future::BoxFuture;
use printer::SystemClock;
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    time::{Instant, sleep},
};

use crate::rig::{Stub, codes, look, look_at, say};

/// An end that a test never waits for.
const TOO_LONG: Duration = Duration::from_mins(1);

/// The most bytes that one answer without end could send, the system's buffers included.
static SENT: AtomicUsize = AtomicUsize::new(0);
/// More than those buffers hold, and far less than goes over loopback before the time is over.
const TOO_MUCH: usize = 32 << 20;
const PIECE: usize = 16 * 1024;

async fn endless(mut stream: TcpStream, _path: String) {
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n").await;
    let mut sent = 0;
    while stream.write_all(&[b'a'; PIECE]).await.is_ok() {
        sent += PIECE;
        SENT.fetch_max(sent, Ordering::SeqCst);
    }
}

async fn endless_head(mut stream: TcpStream, _path: String) {
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n").await;
    while stream.write_all(b"X-More: and more and more and more\r\n").await.is_ok() {}
}

async fn dripping(mut stream: TcpStream, _path: String) {
    for byte in b"HTTP/1.1 200 OK\r\n".iter().cycle() {
        sleep(Duration::from_millis(200)).await;
        if stream.write_all(&[*byte]).await.is_err() {
            return;
        }
    }
}

async fn noise(mut stream: TcpStream, _path: String) {
    let _ = stream.write_all(b"\x00\xff\x1b[2J SSH-2.0-\r\n\r\n").await;
}

// covers: XA-1
#[tokio::test]
async fn host_answers_without_end() -> Result<()> {
    let stubs =
        [Stub::start(endless).await?, Stub::start(endless_head).await?, Stub::start(noise).await?];
    let begun = Instant::now();
    for stub in &stubs {
        let host = look_at(&stub.address.to_string()).await?;
        assert!(codes(&host).is_empty(), "{host:?}");
        let software = host.services[0].software;
        assert!(matches!(software, Software::Web | Software::Unknown), "{host:?}");
    }
    assert!(begun.elapsed() < TOO_LONG, "{:?}", begun.elapsed());
    let sent = SENT.load(Ordering::SeqCst);
    assert!((PIECE..TOO_MUCH).contains(&sent), "{sent} bytes were taken");
    Ok(())
}

// covers: XA-1
#[tokio::test]
async fn host_drips_its_answer() -> Result<()> {
    let stub = Stub::start(dripping).await?;
    let begun = Instant::now();
    let host = look_at(&stub.address.to_string()).await?;
    assert_eq!(host.services[0].software, Software::Unknown, "{host:?}");
    assert_eq!(host.unsure.len(), 1, "{host:?}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    Ok(())
}

/// Leads every connection to one server.
struct Towards(SocketAddr);

impl Dial for Towards {
    fn dial(&self, _to: SocketAddr) -> BoxFuture<'static, io::Result<TcpStream>> {
        Box::pin(TcpStream::connect(self.0))
    }
}

// covers: XA-1, XA-2
#[tokio::test]
async fn host_drips_at_every_port_until_its_time_is_over() -> Result<()> {
    let stub = Stub::start(dripping).await?;
    let reach = Reach::new(Arc::new(Towards(stub.address)), Arc::new(SystemClock::new()));
    let address = IpAddr::from([203, 0, 113, 7]);
    let ports = PRINTER_PORTS.to_vec();
    let subject = Subject { address, name: None, ports, place: Place::Internet };
    let begun = Instant::now();
    let host = examine_within(&reach, &subject, Duration::from_secs(2)).await;
    assert!(host.unsure.iter().any(|why| why.contains("so slowly")), "{host:?}");
    // All ports together would take minutes.
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    Ok(())
}

static VISITS: AtomicUsize = AtomicUsize::new(0);

// covers: XA-1
#[tokio::test]
async fn host_redirects_to_another_one() -> Result<()> {
    async fn victim(stream: TcpStream, _path: String) {
        VISITS.fetch_add(1, Ordering::SeqCst);
        say(stream, "200 OK", "", r#"{"text":"OctoPrint 1.0.0","server":"1.0.0"}"#).await;
    }
    async fn redirecting(stream: TcpStream, path: String) {
        // The other host's port travels in this one's memory.
        let port = VICTIM_PORT.load(Ordering::SeqCst);
        let place = match path.as_str() {
            "/api/version" => "http://169.254.169.254/latest/meta-data/".to_owned(),
            _ => format!("http://127.0.0.1:{port}{path}"),
        };
        say(stream, "302 Found", &format!("Location: {place}\r\n"), "").await;
    }
    static VICTIM_PORT: AtomicUsize = AtomicUsize::new(0);
    let victim = Stub::start(victim).await?;
    VICTIM_PORT.store(victim.address.port().into(), Ordering::SeqCst);
    let stub = Stub::start(redirecting).await?;
    let host = look_at(&stub.address.to_string()).await?;
    assert_eq!(host.services[0].software, Software::Web, "{host:?}");
    assert_eq!(VISITS.load(Ordering::SeqCst), 0, "a redirect was followed");
    Ok(())
}

// covers: XA-1
#[tokio::test]
async fn terminal_escapes_in_a_version() -> Result<()> {
    async fn old(stream: TcpStream, path: String) {
        let (status, body) = match path.as_str() {
            "/api/version" => (
                "200 OK",
                r#"{"text":"OctoPrint 1.5.0","server":"1.5.0\u001b]0;owned\u0007\u202e\r\nFAKE"}"#,
            ),
            "/api/currentuser" => {
                ("200 OK", r#"{"name":"ad\u001b[2Jmin","permissions":["ADMIN"],"groups":[]}"#)
            }
            _ => ("200 OK", "<title>OctoPrint</title>"),
        };
        say(stream, status, "Content-Type: application/json\r\n", body).await;
    }
    let stub = Stub::start(old).await?;
    let host = look_at(&stub.address.to_string()).await?;
    assert_eq!(codes(&host), ["known-holes", "octoprint-autologin", "plain-http"], "{host:?}");
    let mut words: Vec<_> = host.findings.iter().map(|finding| finding.title.clone()).collect();
    words.extend(host.services[0].version.as_ref().map(ToString::to_string));
    for word in words {
        assert!(!word.contains(|c: char| c.is_control() || c == '\u{202e}'), "{word:?}");
    }
    Ok(())
}

// covers: XA-1
#[tokio::test]
async fn password_over_plain_http() -> Result<()> {
    async fn gate(stream: TcpStream, _path: String) {
        say(stream, "401 No", "WWW-Authenticate: Basic realm=\"x\"\r\n", "").await;
    }
    async fn own_gate(stream: TcpStream, _path: String) {
        let headers = "WWW-Authenticate: Basic realm=\"x\"\r\nServer: layerlock-gate\r\n";
        say(stream, "401 Unauthorized", headers, "").await;
    }
    for (stub, software) in [
        (Stub::start(gate).await?, Software::Web),
        (Stub::start(own_gate).await?, Software::Layerlock),
    ] {
        let host = look_at(&stub.address.to_string()).await?;
        assert_eq!(codes(&host), ["password-in-the-clear"], "{host:?}");
        assert_eq!(host.services[0].software, software);
    }
    Ok(())
}

// covers: XA-1
#[tokio::test]
async fn metadata_and_public_addresses_are_not_connected_to() -> Result<()> {
    let report = look(&["169.254.169.254", "[::ffff:203.0.113.7]:80", "203.0.113.7"]).await?;
    assert_eq!((report.looked_at, report.skipped.len()), (0, 3), "{report:?}");
    assert_eq!(look(&["10.0.0.0/8"]).await.unwrap_err().downcast::<Error>()?, Error::TooMany);
    Ok(())
}
