//! Real OctoPrint, Moonraker and PrusaLink, set up badly and well, and a camera.

use anyhow::Result;
use audit::{Severity, Software};
use testkit::{camera::Camera, moonraker::Moonraker, octoprint::OctoPrint, prusalink::PrusaLink};

use crate::rig::{codes, look_at};

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

// covers: XA-1
#[tokio::test]
async fn camera_without_a_login() -> Result<()> {
    let camera = Camera::start().await?;
    let host = look_at(&camera.url()).await?;
    assert_eq!(codes(&host), ["camera-open"], "{host:?}");
    assert_eq!(host.services[0].software, Software::Camera);
    Ok(())
}
