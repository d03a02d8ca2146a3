//! Visitors who send a part of a request, and then nothing, or a byte now and then.

use std::{sync::atomic::Ordering, time::Duration};

use gate::Patience;
use testkit::wait;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep, timeout},
};
use tokio_rustls::client::TlsStream;

use crate::rig::{PATIENCE, Rig};

/// Shorter than in production, and far shorter than the tests wait.
const SHORT: Patience =
    Patience { standstill: Duration::from_millis(300), sign_in: Duration::from_millis(300) };
/// Longer than any test waits.
const LONG: Duration = Duration::from_mins(10);

async fn begin(rig: &Rig, path: &str) -> TlsStream<TcpStream> {
    let mut tls = rig.connect().await;
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost:{}\r\nX-Api-Key: k\r\nContent-Length: 100\r\n\r\n{{",
        rig.address.port()
    );
    tls.write_all(head.as_bytes()).await.unwrap();
    tls
}

/// What the gate says before it hangs up.
async fn answer(tls: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut answer = Vec::new();
    // It may hang up without a goodbye; what came until then counts.
    let _ = timeout(PATIENCE, tls.read_to_end(&mut answer)).await.expect("the gate hangs up");
    String::from_utf8(answer).unwrap()
}

fn inside(settings: &mut gate::Settings) {
    settings.inside.push("127.0.0.1".to_owned());
}

// covers: GT-5
#[tokio::test]
async fn body_stops_in_the_middle_of_an_upload() {
    let patience = Patience { sign_in: LONG, ..SHORT };
    let rig = Rig::waiting(patience, inside).await;
    let mut upload = begin(&rig, "/api/files/local").await;
    let told = answer(&mut upload).await;
    assert!(told.starts_with("HTTP/1.1 504"), "{told}");
    let broken = || std::future::ready((rig.broken.load(Ordering::SeqCst) == 1).then_some(()));
    wait::until("the printer to hear of it", PATIENCE, broken).await.unwrap();
}

// covers: GT-5
#[tokio::test]
async fn body_of_a_sign_in_trickles() {
    let rig = Rig::waiting(Patience { standstill: LONG, ..SHORT }, inside).await;
    for path in ["/api/login", "/access/login"] {
        let (mut reads, mut writes) = tokio::io::split(begin(&rig, path).await);
        let trickle = async {
            let end = Instant::now() + PATIENCE;
            while Instant::now() < end && writes.write_all(b" ").await.is_ok() {
                sleep(Duration::from_millis(20)).await;
            }
            std::future::pending::<()>().await;
        };
        let told = tokio::select! {
            told = answer(&mut reads) => told,
            () = trickle => unreachable!("it never ends"),
        };
        assert!(told.starts_with("HTTP/1.1 408"), "{path}: {told}");
    }
}

// covers: GT-5
#[tokio::test]
async fn body_of_a_stranger_is_not_waited_for() {
    let rig = Rig::waiting(Patience { standstill: LONG, sign_in: LONG }, |_| {}).await;
    for path in ["/api/files/local", "/api/login"] {
        let mut upload = begin(&rig, path).await;
        let told = answer(&mut upload).await;
        assert!(told.starts_with("HTTP/1.1 401"), "{path}: {told}");
    }
}
