//! Certificates and protocols on one port.

use rustls::{AlertDescription, NamedGroup, version::TLS12};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use x509_parser::prelude::{FromDer, X509Certificate};

use edge::FurtherPort;
use tokio_util::sync::CancellationToken;

use crate::rig::{HTTP1, HTTP2, RAW, Rig, eventually, read, within};

/// The alert with which the other side refused a handshake.
fn alert(error: &std::io::Error) -> Option<AlertDescription> {
    match error.get_ref()?.downcast_ref()? {
        rustls::Error::AlertReceived(alert) => Some(*alert),
        _ => None,
    }
}

// covers: SV-1
#[tokio::test]
async fn https_answers_over_both_versions() {
    let rig = Rig::start();
    let response = rig.ask(http::Request::get("/")).await;
    assert_eq!(response.body(), "HTTP/1.1 GET");
    let mut http2 = rig.http2().await.unwrap();
    let request =
        http::Request::get("https://localhost/").body(http_body_util::Full::default()).unwrap();
    let response = read(within(http2.send_request(request)).await.unwrap()).await;
    assert_eq!(response.body(), "HTTP/2.0 GET");
}

// covers: SV-1
#[tokio::test]
async fn the_key_exchange_is_post_quantum() {
    let rig = Rig::start();
    let tls = rig.connect("localhost", &[HTTP2]).await.unwrap();
    let group = tls.get_ref().1.negotiated_key_exchange_group().unwrap();
    assert_eq!(group.name(), NamedGroup::X25519MLKEM768);
}

// covers: SV-1
#[tokio::test]
async fn tls_1_2_is_a_fallback() {
    let rig = Rig::start();
    let old = rig.client_config(&[HTTP1], &[&TLS12]);
    let tls = rig.connect_with("localhost", old).await.unwrap();
    assert_eq!(tls.get_ref().1.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_2));
}

#[tokio::test]
async fn a_client_without_alpn_gets_http_1() {
    let rig = Rig::start();
    let mut tls = rig.connect("localhost", &[]).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    tls.write_all(request).await.unwrap();
    let mut answer = String::new();
    within(tls.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.ends_with("HTTP/1.1 GET"), "{answer}");
}

// covers: SV-1
#[tokio::test]
async fn a_raw_protocol_is_reached_by_its_name_alone() {
    let rig = Rig::start();
    let mut tls = rig.connect("localhost", &[RAW]).await.unwrap();
    assert_eq!(tls.get_ref().1.alpn_protocol(), Some(RAW));
    let mut said = Vec::new();
    within(tls.read_to_end(&mut said)).await.unwrap();
    assert_eq!(said, RAW);
}

// covers: RL-2, RL-6
#[tokio::test]
async fn a_further_port_serves_pages_alone_until_it_is_closed() {
    let mut rig = Rig::start();
    let closed = CancellationToken::new();
    let port = FurtherPort::open(([127, 0, 0, 1], 0).into(), closed.clone()).unwrap();
    rig.https = port.address().unwrap();
    rig.further.send(port).unwrap();
    assert_eq!(rig.ask(http::Request::get("/")).await.status(), 200);
    let mut tls = rig.connect("localhost", &[RAW]).await.unwrap();
    let mut said = Vec::new();
    let _ = within(tls.read_to_end(&mut said)).await;
    assert_eq!(said, b"", "no raw protocol answers here");
    closed.cancel();
    eventually(async || rig.connect("localhost", &[HTTP1]).await.err()).await;
}

// covers: SV-1
#[tokio::test]
async fn both_alpns_offered() {
    let rig = Rig::start();
    for offered in [[RAW, HTTP2], [HTTP2, RAW], [HTTP1, RAW], [RAW, RAW]] {
        let error = rig.connect("localhost", &offered).await.unwrap_err();
        assert_eq!(alert(&error), Some(AlertDescription::NoApplicationProtocol), "{error}");
    }
}

// covers: SV-1
#[tokio::test]
async fn an_unknown_protocol_is_refused() {
    let rig = Rig::start();
    let error = rig.connect("localhost", &[b"test-raw/2"]).await.unwrap_err();
    assert_eq!(alert(&error), Some(AlertDescription::NoApplicationProtocol), "{error}");
}

#[tokio::test]
async fn plain_http_on_the_encrypted_port_is_refused() {
    let rig = Rig::start();
    let mut tcp = TcpStream::connect(rig.https).await.unwrap();
    tcp.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    // The other side may also reset the connection.
    drop(within(tcp.read_to_end(&mut answer)).await);
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
}

/// The names in the certificate that a visitor of `host` gets.
async fn names_for(rig: &Rig, host: &str) -> Vec<String> {
    let tls = rig.connect(host, &[HTTP1]).await.unwrap();
    let certificate = &tls.get_ref().1.peer_certificates().unwrap()[0];
    let (_, certificate) = X509Certificate::from_der(certificate).unwrap();
    let names = certificate.subject_alternative_name().unwrap().unwrap();
    names.value.general_names.iter().map(ToString::to_string).collect()
}

// covers: SV-1
#[tokio::test]
async fn a_printers_host_gets_a_certificate_of_its_own() {
    let rig = Rig::start();
    assert_eq!(names_for(&rig, "k7.localhost").await, ["DNSName(localhost)"]);
    rig.resolver.set_hosts(&["k7.localhost".to_owned(), "m2.localhost".to_owned()]).unwrap();
    assert_eq!(names_for(&rig, "K7.localhost").await, ["DNSName(k7.localhost)"]);
    assert_eq!(names_for(&rig, "m2.localhost").await, ["DNSName(m2.localhost)"]);
    assert_eq!(names_for(&rig, "localhost").await, ["DNSName(localhost)"]);
    rig.resolver.set_hosts(&[]).unwrap();
    assert_eq!(names_for(&rig, "k7.localhost").await, ["DNSName(localhost)"]);
}

// covers: SV-1
#[tokio::test]
async fn names_change_without_a_restart() {
    let rig = Rig::start();
    rig.resolver.set_hosts(&["k7.localhost".to_owned()]).unwrap();
    rig.resolver.set_names(&["octopi.local".to_owned()]).unwrap();
    assert_eq!(names_for(&rig, "localhost").await, ["DNSName(octopi.local)"]);
    assert_eq!(names_for(&rig, "k7.localhost").await, ["DNSName(k7.localhost)"]);
    assert!(rig.resolver.knows("OctoPi.local") && rig.resolver.knows("k7.localhost"));
    assert!(!rig.resolver.knows("localhost"));
}
