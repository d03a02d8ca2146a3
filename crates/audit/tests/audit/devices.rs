//! Printers that are hardware, simulated: what they say first.

use std::{net::SocketAddr, sync::Arc};

use anyhow::Result;
use audit::{PRINTER_PORTS, Place, Severity, Software, Subject, examine};
use futures_util::future::BoxFuture;
use printer::SystemClock;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsAcceptor, rustls};

use crate::rig::{Stub, codes, say};

/// Leads every port that is asked for to one server of the test.
struct To(u16, SocketAddr);

impl audit::Dial for To {
    fn dial(&self, to: SocketAddr) -> BoxFuture<'static, std::io::Result<TcpStream>> {
        let (port, address) = (self.0, self.1);
        Box::pin(async move {
            if to.port() == port {
                return TcpStream::connect(address).await;
            }
            Err(std::io::ErrorKind::ConnectionRefused.into())
        })
    }
}

async fn look(port: u16, server: SocketAddr, place: Place) -> audit::Host {
    let reach = audit::Reach::new(Arc::new(To(port, server)), Arc::new(SystemClock::new()));
    let subject = Subject {
        address: [192, 0, 2, 1].into(),
        name: None,
        ports: PRINTER_PORTS.to_vec(),
        place,
    };
    examine(&reach, &subject).await
}

/// A chain like that of Bambu Lab's printers: the printer's serial, issued by `BBL CA`.
fn bambu_tls() -> Result<TlsAcceptor> {
    let key = KeyPair::generate()?;
    let mut ca = CertificateParams::default();
    ca.distinguished_name.push(DnType::CommonName, "BBL CA");
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = Issuer::new(ca, key);
    let printer_key = KeyPair::generate()?;
    let mut printer = CertificateParams::default();
    printer.distinguished_name.push(DnType::CommonName, "01S00A000000000");
    let certificate = printer.signed_by(&printer_key, &issuer)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = rustls::pki_types::PrivateKeyDer::try_from(printer_key.serialize_der());
    let configuration = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key.map_err(anyhow::Error::msg)?)?;
    Ok(TlsAcceptor::from(Arc::new(configuration)))
}

// covers: XA-1
#[tokio::test]
async fn bambu_printer_is_told_by_its_certificate() -> Result<()> {
    let acceptor = bambu_tls()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(mut stream) = acceptor.accept(stream).await {
                let _ = stream.read(&mut [0; 16]).await;
            }
        }
    });
    for (place, severity) in [(Place::Home, Severity::Note), (Place::Internet, Severity::High)] {
        let host = look(8883, address, place).await;
        assert_eq!(host.services[0].software, Software::Bambu, "{host:?}");
        assert_eq!(codes(&host), ["bambu-port"], "{host:?}");
        assert_eq!(host.findings[0].severity, severity);
    }
    server.abort();
    Ok(())
}

// covers: XA-1
#[tokio::test]
async fn elegoo_printer_takes_everyones_socket() -> Result<()> {
    async fn sdcp(stream: TcpStream, path: String) {
        let headers = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
        match path.as_str() {
            "/websocket" => say(stream, "101 Switching Protocols", headers, "").await,
            _ => say(stream, "404 Not Found", "", "").await,
        }
    }
    let stub = Stub::start(sdcp).await?;
    let host = look(3030, stub.address, Place::Home).await;
    assert_eq!(host.services[0].software, Software::Elegoo, "{host:?}");
    assert_eq!(codes(&host), ["elegoo-open"], "{host:?}");
    Ok(())
}

// covers: XA-1
#[tokio::test]
async fn port_that_is_not_spoken_to_is_said_to_be_so() -> Result<()> {
    async fn quiet(_stream: TcpStream, _path: String) {}
    let stub = Stub::start(quiet).await?;
    let host = look(1883, stub.address, Place::Home).await;
    assert!(host.findings.is_empty(), "{host:?}");
    assert!(host.unsure.iter().any(|sentence| sentence.contains("1883")), "{host:?}");
    Ok(())
}

/// A gate whose certificate ended long ago.
async fn old_gate() -> Result<(SocketAddr, tokio::task::JoinHandle<()>)> {
    let key = KeyPair::generate()?;
    let mut old = CertificateParams::new(vec!["localhost".to_owned()])?;
    old.not_before = rcgen::date_time_ymd(2019, 1, 1);
    old.not_after = rcgen::date_time_ymd(2020, 1, 1);
    let certificate = old.self_signed(&key)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der());
    let configuration = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key.map_err(anyhow::Error::msg)?)?;
    let acceptor = TlsAcceptor::from(Arc::new(configuration));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let _ = stream.read(&mut [0; 1_024]).await;
            let said = b"HTTP/1.1 401 Unauthorized\r\nServer: layerlock-gate\r\nWWW-Authenticate: \
                         Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n";
            let _ = stream.write_all(said).await;
            let _ = stream.shutdown().await;
        }
    });
    Ok((address, server))
}

// covers: XA-1
#[tokio::test]
async fn gate_with_a_certificate_of_yesterday() -> Result<()> {
    let (address, server) = old_gate().await?;
    let host = look(443, address, Place::Home).await;
    server.abort();
    assert_eq!(host.services[0].software, Software::Layerlock, "{host:?}");
    assert_eq!(codes(&host), ["layerlock-certificate"], "{host:?}");
    Ok(())
}
