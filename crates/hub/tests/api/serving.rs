//! A hub that serves, on the loopback interface.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::house::{ADA, House};

// covers: AC-11, AC-15
#[tokio::test]
async fn what_another_program_ends_in_the_store_ends_here_too() {
    let house = House::new().await;
    let browser = house.signed_in(ADA).await;
    let listed = browser.get("/api/v1/sessions").await.json();
    let session = listed[0]["id"].as_str().unwrap().parse().unwrap();
    let other = house.signed_in(ADA).await.get("/api/v1/sessions").await.json();
    let lease = house.hub.backplane().leases().hold(session);
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let (listeners, shutdown) = (edge::bind(any, None).unwrap(), CancellationToken::new());
    let (hub, stop) = (house.hub.clone(), shutdown.clone());
    let serving = tokio::spawn(async move { hub.serve(listeners, stop).await });
    assert_eq!(other.as_array().unwrap().len(), 2);
    let password = "another-fine-pass-phrase".parse().unwrap();
    house.hub.admin().reset_password(&ADA.parse().unwrap(), &password).await.unwrap();
    timeout(Duration::from_secs(30), lease.ended()).await.expect("the lease ends");
    shutdown.cancel();
    timeout(Duration::from_secs(30), serving).await.expect("the hub stops").unwrap().unwrap();
}

// covers: RL-2
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_hub_on_loopback_sends_no_multicast() {
    let house = House::new().await;
    house.agent().await;
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let (listeners, shutdown) = (edge::bind(any, Some(any)).unwrap(), CancellationToken::new());
    let http = listeners.addresses().unwrap().http.unwrap();
    let (hub, stop) = (house.hub.clone(), shutdown.clone());
    let serving = tokio::spawn(async move { hub.serve(listeners, stop).await });
    let known = async {
        while !knows(http, "ll-abcdefghijklmnop.local").await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(30), known).await.expect("the printer's names are known");
    assert_eq!(datagram_sockets(), 0, "nothing is sent but over TCP");
    let one = std::net::UdpSocket::bind(any).unwrap();
    assert_eq!(datagram_sockets(), 1, "one would be seen");
    drop(one);
    shutdown.cancel();
    timeout(Duration::from_secs(30), serving).await.expect("the hub stops").unwrap().unwrap();
}

#[cfg(target_os = "linux")]
/// Whether the hub sends people who ask for this name on to HTTPS.
async fn knows(http: SocketAddr, host: &str) -> bool {
    let mut stream = TcpStream::connect(http).await.unwrap();
    let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.starts_with("HTTP/1.1 308 ")
}

/// How many UDP sockets this process has open.
#[cfg(target_os = "linux")]
fn datagram_sockets() -> usize {
    let read = |file: &str| std::fs::read_to_string(format!("/proc/self/net/{file}")).unwrap();
    let all = read("udp") + &read("udp6");
    let inodes: Vec<_> = all.lines().filter_map(|line| line.split_whitespace().nth(9)).collect();
    let open = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
    let links = open.filter_map(|entry| std::fs::read_link(entry.path()).ok());
    links
        .filter(|link| {
            inodes.iter().any(|inode| link.as_os_str() == format!("socket:[{inode}]").as_str())
        })
        .count()
}
