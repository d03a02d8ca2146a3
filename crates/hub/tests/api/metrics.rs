//! What a hub counts, read as Prometheus does.

use std::net::SocketAddr;

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::CancellationToken;

use crate::house::{ADA, House, PASSWORD};

/// A hub whose metrics can be read until this is dropped.
struct Watched {
    address: SocketAddr,
    shutdown: CancellationToken,
}

impl Watched {
    async fn hub_of(house: &House) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, shutdown) = (listener.local_addr().unwrap(), CancellationToken::new());
        let (hub, stop) = (house.hub.clone(), shutdown.clone());
        tokio::spawn(async move { hub.serve_metrics(listener, stop).await });
        Self { address, shutdown }
    }

    /// The answer to a request for the metrics under this host name.
    async fn read_as(&self, host: &str) -> String {
        let mut connection = TcpStream::connect(self.address).await.unwrap();
        let request = format!("GET /metrics HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        answer
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

// covers: OP-3
#[tokio::test]
async fn what_happens_is_counted() {
    let house = House::new().await;
    let browser = house.stranger();
    let sign_in = |password: &str| json!({"email": ADA, "password": password});
    assert_eq!(browser.post("/api/v1/session", sign_in("wrong-otters")).await.status, 401);
    assert_eq!(browser.post("/api/v1/session", sign_in(PASSWORD)).await.status, 200);
    let metrics = Watched::hub_of(&house).await.read_as("localhost:9464").await;
    for line in [
        "layerlock_requests_total{site=\"Dashboard\",status=\"4\"} 1",
        "layerlock_requests_total{site=\"Dashboard\",status=\"2\"} 1",
        "layerlock_request_seconds_count{site=\"Dashboard\"} 2",
        "layerlock_sign_ins_total{result=\"Wrong\"} 1",
        "layerlock_sign_ins_total{result=\"Right\"} 1",
        "layerlock_agents_online 0",
        "layerlock_event_streams 0",
    ] {
        assert!(metrics.contains(&format!("\n{line}\n")), "{line}\n{metrics}");
    }
    assert!(metrics.ends_with("# EOF\n"), "{metrics}");
}

// covers: OP-3, SV-9
#[tokio::test]
async fn nobody_is_named_in_the_metrics() {
    let house = House::new().await;
    let browser = house.stranger();
    browser.post("/api/v1/session", json!({"email": ADA, "password": PASSWORD})).await;
    let metrics = Watched::hub_of(&house).await.read_as("127.0.0.1").await;
    assert!(metrics.contains("layerlock_sign_ins_total"));
    assert!(!metrics.contains("ada") && !metrics.contains("example.org"), "{metrics}");
}

// covers: OP-3, SV-3
#[tokio::test]
async fn dns_rebinding_reads_metrics() {
    let house = House::empty().await;
    let watched = Watched::hub_of(&house).await;
    assert!(watched.read_as("[::1]:9464").await.starts_with("HTTP/1.1 200"));
    for host in ["evil.example:9464", "localhost.evil.example", "10.0.0.1", ""] {
        let answer = watched.read_as(host).await;
        assert!(answer.starts_with("HTTP/1.1 421"), "{host}: {answer}");
        assert!(!answer.contains("layerlock"), "{host}: {answer}");
    }
}
