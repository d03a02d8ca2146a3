//! Real OctoPrint, Moonraker and PrusaLink, set up badly and well, and a camera.

use anyhow::Result;
use audit::{Severity, Software};
use testkit::{camera::Camera, moonraker::Moonraker, octoprint::OctoPrint, prusalink::PrusaLink};
use tokio::net::TcpStream;

use crate::rig::{Stub, codes, look_at, say};

// covers: XA-1
#[tokio::test]
async fn octoprint_that_everyone_may_control() -> Result<()> {
    let camera = Camera::start().await?;
    let octoprint = OctoPrint::start_open_to_everyone(&camera.url()).await?;
    let host = look_at(&octoprint.url()).await?;
    assert_eq!(codes(&host), ["octoprint-anonymous-control", "plain-http"], "{host:?}");
    assert_eq!(host.services[0].software, Software::OctoPrint);
    assert_eq!(host.services[0].version.as_ref().unwrap().as_str(), "1.11.8");
    assert_eq!(host.findings[0].severity, Severity::High);
    Ok(())
}

// covers: XA-1
#[tokio::test]
async fn octoprint_that_signs_neighbours_in() -> Result<()> {
    let camera = Camera::start().await?;
    let octoprint = OctoPrint::start_trusting_loopback(&camera.url()).await?;
    let host = look_at(&octoprint.url()).await?;
    assert_eq!(codes(&host), ["octoprint-autologin", "plain-http"], "{host:?}");
    assert!(host.findings[0].title.ends_with("as admin"), "{host:?}");
    Ok(())
}

// covers: XA-1
#[tokio::test]
async fn octoprint_that_asks_for_a_login() -> Result<()> {
    let camera = Camera::start().await?;
    let octoprint = OctoPrint::start(&camera.url()).await?;
    let host = look_at(&octoprint.url()).await?;
    assert_eq!(codes(&host), ["plain-http"], "{host:?}");
    assert_eq!(host.services[0].software, Software::OctoPrint);
    assert_eq!(host.services[0].version, None);
    assert!(host.unsure.iter().any(|sentence| sentence.contains("version")), "{host:?}");
    Ok(())
}

// covers: XA-1
#[tokio::test]
async fn moonraker_that_trusts_the_network() -> Result<()> {
    let moonraker = Moonraker::start_trusting(&["127.0.0.0/8"]).await?;
    let host = look_at(&moonraker.url()).await?;
    let open = ["moonraker-open", "moonraker-configuration", "moonraker-database", "plain-http"];
    assert_eq!(codes(&host), open, "{host:?}");
    assert!(host.services[0].version.is_some(), "{host:?}");
    Ok(())
}

// covers: XA-1
#[tokio::test]
async fn moonraker_that_trusts_nobody() -> Result<()> {
    let moonraker = Moonraker::start().await?;
    let host = look_at(&moonraker.url()).await?;
    assert_eq!(codes(&host), ["plain-http"], "{host:?}");
    assert_eq!(host.services[0].software, Software::Moonraker);
    Ok(())
}

// covers: XA-1
#[tokio::test]
async fn prusalink_without_encryption() -> Result<()> {
    let prusalink = PrusaLink::start().await?;
    let host = look_at(&prusalink.url()).await?;
    assert_eq!(codes(&host), ["plain-http"], "{host:?}");
    assert_eq!(host.services[0].software, Software::PrusaLink);
    Ok(())
}

/// Says to `path` what stands behind it, and 404 to others.
async fn answer(stream: TcpStream, path: &str, pages: &[(&str, &str)]) {
    let json = "Content-Type: application/json\r\n";
    match pages.iter().find(|(known, _)| *known == path) {
        Some((_, body)) => say(stream, "200 OK", json, body).await,
        None => say(stream, "404 Not Found", "", "").await,
    }
}

// covers: XA-1
#[tokio::test]
async fn prusalink_without_a_login() -> Result<()> {
    async fn open(stream: TcpStream, path: String) {
        let version = r#"{"api":"2.0","server":"2.1.2","text":"PrusaLink","version":"0.8.1"}"#;
        let pages = [("/api/version", version), ("/api/v1/status", r#"{"printer":{}}"#)];
        answer(stream, &path, &pages).await;
    }
    let stub = Stub::start(open).await?;
    let host = look_at(&stub.address.to_string()).await?;
    assert_eq!(host.services[0].software, Software::PrusaLink, "{host:?}");
    assert_eq!(codes(&host), ["prusalink-open", "plain-http"], "{host:?}");
    assert_eq!(host.findings[0].severity, Severity::High);
    Ok(())
}

// covers: XA-1
#[tokio::test]
async fn octoprint_that_everyone_may_watch() -> Result<()> {
    async fn watched(stream: TcpStream, path: String) {
        let version = r#"{"api":"0.1","server":"1.11.8","text":"OctoPrint 1.11.8"}"#;
        let user = r#"{"name":null,"permissions":["STATUS","WEBCAM"],"groups":["guests"]}"#;
        let pages = [("/api/version", version), ("/api/currentuser", user), ("/recovery/", "")];
        answer(stream, &path, &pages).await;
    }
    let stub = Stub::start(watched).await?;
    let host = look_at(&stub.address.to_string()).await?;
    assert_eq!(codes(&host), ["octoprint-anonymous-view", "plain-http"], "{host:?}");
    assert_eq!(host.findings[0].severity, Severity::Medium);
    Ok(())
}

// covers: XA-1
#[tokio::test]
async fn version_that_nobody_can_read_is_not_clean() -> Result<()> {
    async fn odd(stream: TcpStream, path: String) {
        let version = r#"{"server":"one point five","text":"OctoPrint one point five"}"#;
        let user = r#"{"name":null,"permissions":[]}"#;
        let pages = [("/api/version", version), ("/api/currentuser", user), ("/recovery/", "")];
        answer(stream, &path, &pages).await;
    }
    let stub = Stub::start(odd).await?;
    let host = look_at(&stub.address.to_string()).await?;
    assert_eq!(codes(&host), ["plain-http"], "{host:?}");
    let said = host.unsure.iter().any(|why| why.contains("version that can't be read"));
    assert!(said, "{host:?}");
    Ok(())
}

// covers: XA-1
#[tokio::test]
async fn hub_without_https() -> Result<()> {
    async fn hub(stream: TcpStream, path: String) {
        answer(stream, &path, &[("/api/v1/hub", r#"{"setup_needed":false}"#)]).await;
    }
    let stub = Stub::start(hub).await?;
    let host = look_at(&stub.address.to_string()).await?;
    assert_eq!(host.services[0].software, Software::Layerlock, "{host:?}");
    assert_eq!(codes(&host), ["layerlock-plain-http"], "{host:?}");
    assert_eq!(host.findings[0].severity, Severity::High);
    Ok(())
}

// covers: XA-1
#[tokio::test]
async fn camera_without_a_login() -> Result<()> {
    let camera = Camera::start().await?;
    let host = look_at(&camera.url()).await?;
    assert_eq!(codes(&host), ["camera-open"], "{host:?}");
    assert_eq!(host.services[0].software, Software::Camera);
    Ok(())
}
