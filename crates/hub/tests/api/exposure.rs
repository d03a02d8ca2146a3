//! "Am I exposed?": the hub looks at the caller's own address, and at nothing else.

use std::{
    collections::BTreeSet,
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex},
};

use audit::{Dial, PRINTER_PORTS};
use axum::body::Body;
use futures_util::future::BoxFuture;
use http::{Method, header};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::house::{ADA, BEN, Browser, House};

const PATH: &str = "/api/v1/exposure";
const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 7));
const WORK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 8));

/// Stands in for the Internet: remembers who was connected to, and leads one port to a server.
#[derive(Default)]
struct Internet {
    dialed: Mutex<Vec<SocketAddr>>,
    open: Mutex<Option<(u16, SocketAddr)>>,
}

impl Dial for Internet {
    fn dial(&self, to: SocketAddr) -> BoxFuture<'static, io::Result<TcpStream>> {
        self.dialed.lock().unwrap().push(to);
        let open = *self.open.lock().unwrap();
        Box::pin(async move {
            match open {
                Some((port, server)) if port == to.port() => TcpStream::connect(server).await,
                _ => Err(io::ErrorKind::ConnectionRefused.into()),
            }
        })
    }
}

impl Internet {
    fn addresses(&self) -> BTreeSet<IpAddr> {
        self.dialed.lock().unwrap().iter().map(SocketAddr::ip).collect()
    }

    fn ports(&self) -> BTreeSet<u16> {
        self.dialed.lock().unwrap().iter().map(SocketAddr::port).collect()
    }
}

async fn house() -> (House, Arc<Internet>) {
    let internet = Arc::new(Internet::default());
    let house = House::dialing(Arc::clone(&internet) as Arc<dyn Dial>).await;
    house.add(ADA).await;
    house.add(BEN).await;
    (house, internet)
}

async fn from<'a>(house: &'a House, email: &str, address: IpAddr) -> Browser<'a> {
    let mut browser = house.signed_in(email).await;
    browser.address = address;
    browser
}

/// Answers every connection like a camera.
async fn camera() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 1_024]).await;
            let answer =
                b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 4\r\n\r\n\
                \xff\xd8\xff\xe0";
            let _ = stream.write_all(answer).await;
        }
    });
    address
}

// covers: XA-2
#[tokio::test]
async fn a_camera_that_the_internet_sees_is_named() {
    let (house, internet) = house().await;
    *internet.open.lock().unwrap() = Some((8080, camera().await));
    let answer = from(&house, ADA, HOME).await.send_check().await;
    assert_eq!(answer.status, 200, "{answer}");
    let seen = answer.json();
    assert_eq!(seen["address"], "203.0.113.7");
    assert_eq!(seen["tried"].as_array().unwrap().len(), PRINTER_PORTS.len());
    let open: Vec<_> =
        seen["tried"].as_array().unwrap().iter().filter(|port| port["open"] == true).collect();
    assert_eq!(open.len(), 1, "{answer}");
    assert_eq!(seen["findings"][0]["code"], "camera-open");
    assert_eq!(seen["findings"][0]["severity"], "high");
}

// covers: XA-2
#[tokio::test]
async fn exposure_check_of_forged_address() {
    let (house, internet) = house().await;
    let browser = from(&house, ADA, HOME).await;
    let request = || {
        let body = r#"{"address":"198.51.100.9","host":"198.51.100.9","ports":[22]}"#;
        let path = "/api/v1/exposure?address=198.51.100.9&port=22";
        let request = browser.request(Method::POST, path);
        (request.header(header::CONTENT_TYPE, "application/json"), Body::from(body))
    };
    // A header like these may as well be of a proxy at this address, which isn't the caller's then.
    for (name, forged) in [
        ("x-forwarded-for", "198.51.100.9"),
        ("forwarded", "for=198.51.100.9"),
        ("x-real-ip", "198.51.100.9"),
        ("cf-connecting-ip", "198.51.100.9"),
        ("true-client-ip", "198.51.100.9"),
        ("via", "1.1 198.51.100.9"),
    ] {
        let (request, body) = request();
        let answer = browser.send(request.header(name, forged).body(body).unwrap()).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (409, "exposure-proxy"));
    }
    assert!(internet.addresses().is_empty());

    let (request, body) = request();
    let answer = browser.send(request.body(body).unwrap()).await;
    assert_eq!(answer.status, 200, "{answer}");
    assert_eq!(answer.json()["address"], "203.0.113.7");
    assert_eq!(internet.addresses(), BTreeSet::from([HOME]));
}

// covers: XA-2
#[tokio::test]
async fn exposure_check_as_port_scanner() {
    let (house, internet) = house().await;
    let browser = from(&house, ADA, HOME).await;
    let [one, other] = {
        let (one, other) = tokio::join!(browser.send_check(), browser.send_check());
        let mut statuses = [one.status.as_u16(), other.status.as_u16()];
        statuses.sort_unstable();
        statuses
    };
    assert_eq!([one, other], [200, 429], "two at once are one");
    let ports = PRINTER_PORTS.iter().map(|port| port.number).collect();
    assert_eq!(internet.ports(), ports);

    let again = from(&house, ADA, WORK).await.send_check().await;
    assert_eq!((again.status.as_u16(), again.code().as_str()), (429, "exposure-too-often"));
    assert!(again.headers.contains_key(header::RETRY_AFTER));
    let neighbour = from(&house, BEN, HOME).await.send_check().await;
    assert_eq!(neighbour.status, 429, "{neighbour}");
    assert_eq!(internet.addresses(), BTreeSet::from([HOME]));

    house.clock.pass(backplane::Allowances::EXPOSURE);
    assert_eq!(from(&house, ADA, WORK).await.send_check().await.status, 200);
}

// covers: XA-2
#[tokio::test]
async fn exposure_check_from_inside_or_behind_a_proxy_looks_nowhere() {
    let (house, internet) = house().await;
    for near in ["127.0.0.1", "192.168.1.5", "100.64.0.9", "169.254.169.254", "fd00::1"] {
        let answer = from(&house, ADA, near.parse().unwrap()).await.send_check().await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (409, "exposure-private"));
    }
    let mut browser = from(&house, ADA, [192, 168, 1, 2].into()).await;
    browser.forwarded_for = Some("203.0.113.7");
    let answer = browser.send_check().await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (409, "exposure-proxy"));
    assert!(internet.addresses().is_empty());

    let refused = from(&house, ADA, HOME).await.send_check().await;
    assert_eq!(refused.status, 200, "what wasn't looked at isn't counted: {refused}");
}

impl Browser<'_> {
    async fn send_check(&self) -> crate::house::Answer {
        self.post(PATH, serde_json::json!({})).await
    }
}
