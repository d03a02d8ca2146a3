//! A simulated Internet Gateway Device on loopback: SSDP by unicast, its description, and SOAP.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Result;
use audit::{NotAsked, Reach, Router, Scope, Severity, Survey, SystemNames, map_router};
use tokio::{net::TcpStream, net::UdpSocket, task::JoinHandle};

use crate::rig::{Stub, reach, say};

const SERVICE: &str = "urn:schemas-upnp-org:service:WANIPConnection:1";

/// Answers questions for routers with this location.
async fn announce(location: String) -> Result<(SocketAddr, JoinHandle<()>)> {
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    let address = socket.local_addr()?;
    let task = tokio::spawn(async move {
        let mut datagram = [0; 1_024];
        while let Ok((length, asker)) = socket.recv_from(&mut datagram).await {
            let asked =
                String::from_utf8_lossy(datagram.get(..length).unwrap_or_default()).into_owned();
            assert!(asked.starts_with("M-SEARCH * HTTP/1.1\r\n"), "{asked}");
            let kind = "urn:schemas-upnp-org:device:InternetGatewayDevice:1";
            let answer = format!(
                "HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\nST: {kind}\r\n\
                 USN: uuid:1::{kind}\r\nEXT:\r\nLOCATION: {location}\r\n\r\n"
            );
            let _ = socket.send_to(answer.as_bytes(), asker).await;
        }
    });
    Ok((address, task))
}

async fn gateway(stream: TcpStream, path: String) {
    match path.as_str() {
        "/root.xml" => {
            let page = format!(
                "<?xml version=\"1.0\"?><root xmlns=\"urn:schemas-upnp-org:device-1-0\"><device>\
                 <friendlyName>Box</friendlyName><deviceList><device><serviceList><service>\
                 <serviceType>{SERVICE}</serviceType><controlURL>/ctl</controlURL></service>\
                 </serviceList></device></deviceList></device></root>"
            );
            say(stream, "200 OK", "Content-Type: text/xml\r\n", &page).await;
        }
        "/ctl" => mapping(stream).await,
        _ => say(stream, "404 Not Found", "", "").await,
    }
}

/// Two mappings, then the end of the list.
async fn mapping(stream: TcpStream) {
    use std::sync::atomic::{AtomicU16, Ordering};
    static ASKED: AtomicU16 = AtomicU16::new(0);
    let (external, internal, name) = match ASKED.fetch_add(1, Ordering::SeqCst) {
        0 => (8_080, 5_000, "OctoPi"),
        1 => (51_820, 51_820, "\u{9b}31m game"),
        _ => return fault(stream, 713).await,
    };
    let body = format!(
        "<?xml version=\"1.0\"?><s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\">\
         <s:Body><u:GetGenericPortMappingEntryResponse xmlns:u=\"{SERVICE}\"><NewRemoteHost>\
         </NewRemoteHost><NewExternalPort>{external}</NewExternalPort><NewProtocol>TCP\
         </NewProtocol><NewInternalPort>{internal}</NewInternalPort><NewInternalClient>\
         192.168.1.20</NewInternalClient><NewEnabled>1</NewEnabled><NewPortMappingDescription>\
         {name}</NewPortMappingDescription><NewLeaseDuration>0</NewLeaseDuration>\
         </u:GetGenericPortMappingEntryResponse></s:Body></s:Envelope>"
    );
    say(stream, "200 OK", "Content-Type: text/xml\r\n", &body).await;
}

/// An error of UPnP.
async fn fault(stream: TcpStream, code: u16) {
    let body = format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><s:Fault><detail>\
         <UPnPError xmlns=\"urn:schemas-upnp-org:control-1-0\"><errorCode>{code}</errorCode>\
         </UPnPError></detail></s:Fault></s:Body></s:Envelope>"
    );
    say(stream, "500 Internal Server Error", "Content-Type: text/xml\r\n", &body).await;
}

async fn routers(reach: &Reach, to: SocketAddr) -> Result<Vec<Router>> {
    Ok(map_router(reach, Ipv4Addr::LOCALHOST, to, Scope::Private).await?.asked)
}

// covers: XA-1
#[tokio::test]
async fn port_mappings_to_printers_are_found() -> Result<()> {
    let stub = Stub::start(gateway).await?;
    let (address, task) = announce(format!("http://{}/root.xml", stub.address)).await?;
    let found = routers(&reach(), address).await?;
    task.abort();
    assert_eq!(found.len(), 1, "{found:?}");
    let mappings = &found[0].mappings;
    assert_eq!(mappings.len(), 2, "{found:?}");
    assert_eq!((mappings[0].external_port, mappings[0].to_port), (8_080, 5_000));
    assert_eq!(mappings[1].description.as_str(), "·31m game");
    let graded: Vec<_> = found[0].findings.iter().map(|finding| finding.severity).collect();
    assert_eq!(graded, [Severity::High, Severity::Low]);
    assert!(found[0].findings.iter().all(|finding| finding.code == "port-mapping"), "{found:?}");
    assert!(found[0].unsure.is_empty(), "{found:?}");
    Ok(())
}

// covers: XA-1
#[tokio::test]
async fn router_that_refuses_has_no_end_of_its_list() -> Result<()> {
    async fn refusing(stream: TcpStream, path: String) {
        match path.as_str() {
            "/ctl" => fault(stream, 606).await,
            _ => gateway(stream, path).await,
        }
    }
    let stub = Stub::start(refusing).await?;
    let (address, task) = announce(format!("http://{}/root.xml", stub.address)).await?;
    let survey = Survey {
        targets: Vec::new(),
        scope: Scope::Private,
        routers: vec![(Ipv4Addr::LOCALHOST, address)],
    };
    let report = survey.run(&reach(), &SystemNames, |_| {}).await?;
    task.abort();
    let unsure = &report.routers[0].unsure;
    assert!(unsure.iter().any(|why| why.contains("refused")), "{report:?}");
    assert_eq!(report.unseen, ["Not all of 127.0.0.1 (see above)."]);
    Ok(())
}

// covers: XA-1
#[tokio::test]
async fn router_that_somebody_named_and_that_is_silent_is_unseen() -> Result<()> {
    let silent = UdpSocket::bind("127.0.0.1:0").await?;
    let survey = Survey {
        targets: Vec::new(),
        scope: Scope::Private,
        routers: vec![(Ipv4Addr::LOCALHOST, silent.local_addr()?)],
    };
    let report = survey.run(&reach(), &SystemNames, |_| {}).await?;
    assert!(report.unseen.iter().any(|why| why.contains("none answered")), "{report:?}");
    Ok(())
}

// covers: XA-1
#[tokio::test]
async fn announcement_points_to_the_metadata_service() -> Result<()> {
    for location in ["http://169.254.169.254/latest", "http://203.0.113.7/x", "http://127.0.0.2/x"]
    {
        let (address, task) = announce(location.to_owned()).await?;
        assert!(routers(&reach(), address).await?.is_empty(), "{location}");
        task.abort();
    }
    Ok(())
}

// covers: XA-1
#[tokio::test]
async fn router_question_goes_to_strangers() -> Result<()> {
    for public in ["203.0.113.7:1900", "169.254.169.254:1900", "224.0.0.1:1900"] {
        let asked =
            map_router(&reach(), Ipv4Addr::LOCALHOST, public.parse()?, Scope::Private).await;
        assert!(matches!(asked, Err(NotAsked::Refused(_))), "{public}: {asked:?}");
    }
    let survey = Survey {
        targets: Vec::new(),
        scope: Scope::Private,
        routers: vec![(Ipv4Addr::LOCALHOST, "203.0.113.7:1900".parse()?)],
    };
    let report = survey.run(&reach(), &SystemNames, |_| {}).await?;
    assert_eq!(report.skipped.len(), 1, "{report:?}");
    assert!(report.skipped[0].reason.contains("--i-own-this"), "{report:?}");
    Ok(())
}
