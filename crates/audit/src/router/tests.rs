use std::sync::Arc;

use printer::SystemClock;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;
use crate::TcpDial;

/// A router that describes itself so, and never answers a question for its list.
async fn silent_after(page: &'static str) -> Announcement {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 1_024];
            let length = stream.read(&mut head).await.unwrap();
            if head[..length].starts_with(b"GET ") {
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", page.len());
                stream
                    .write_all([head.as_bytes(), page.as_bytes()].concat().as_ref())
                    .await
                    .unwrap();
            }
            open.push(stream);
        }
    });
    Announcement { address, path: "/root.xml".to_owned() }
}

async fn read_from(announcement: &Announcement, time: Duration) -> String {
    let reach = Reach::new(Arc::new(TcpDial), Arc::new(SystemClock::new()));
    let router = read(&reach, announcement, time).await;
    router.unsure.into_iter().collect()
}

// covers: XA-1
#[tokio::test]
async fn router_that_answers_slowly_holds_up_the_audit() {
    let page = "<root><friendlyName>Box</friendlyName><service><serviceType>\
                urn:schemas-upnp-org:service:WANIPConnection:1</serviceType><controlURL>/ctl\
                </controlURL></service></root>";
    let router = silent_after(page).await;
    let unsure = read_from(&router, Duration::from_secs(1)).await;
    assert!(unsure.contains("longer than 1 s"), "{unsure}");
}

// covers: XA-1
#[tokio::test]
async fn description_that_nobody_can_read_is_no_router_without_mappings() {
    for page in ["", "<root/>", "<root><", "<!DOCTYPE x><root/>"] {
        let unsure = read_from(&silent_after(page).await, limits::ROUTER_LIST).await;
        assert!(unsure.contains("unreadable"), "{page}: {unsure}");
    }
}
