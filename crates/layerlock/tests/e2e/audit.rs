//! `layerlock audit` as people type it: what it prints, and how it ends. What it recognises is
//! tested in its own crate.

mod terminal;

use std::process::{Command, Output, Stdio};

use anyhow::Result;
use serde_json::Value;
use testkit::{camera::Camera, client::Protocol, layerlock};

use crate::{house::House, workshop::Workshop};

/// Runs it without a terminal, and with a proxy in the environment that nobody may ask.
async fn audit(words: &[&str]) -> Result<Output> {
    let mut command = Command::new(layerlock::program()?);
    command.arg("audit").args(words).stdin(Stdio::null());
    command.envs([("HTTP_PROXY", "http://127.0.0.1:1"), ("http_proxy", "http://127.0.0.1:1")]);
    let data = tempfile::tempdir()?;
    command.arg("--data").arg(data.path());
    Ok(tokio::task::spawn_blocking(move || command.output()).await??)
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn place(url: &str) -> &str {
    let (_, rest) = url.split_once("//").unwrap_or_default();
    rest.trim_end_matches('/')
}

// covers: XA-1
#[tokio::test]
async fn an_open_camera_ends_with_its_severity() -> Result<()> {
    let camera = Camera::start().await?;
    let url = camera.url();
    let output = audit(&[place(&url)]).await?;
    let text = printed(&output);
    assert_eq!(output.status.code(), Some(11), "{output:?}");
    assert!(text.contains("A camera shows its picture without a login"), "{text}");
    assert!(text.contains("Fix: ") && text.contains("Looked at 1 address; 1 answered."), "{text}");
    assert!(text.contains("Not checked: Whether passwords are good"), "{text}");
    assert!(!text.contains('\x1b'), "colour without a terminal: {text:?}");

    let output = audit(&[place(&url), "127.0.0.1:1", "--format", "json"]).await?;
    assert_eq!(output.status.code(), Some(11), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(report["looked_at"], 2, "{report}");
    let codes: Vec<_> = report["hosts"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|host| host.pointer("/findings/0/code"))
        .collect();
    assert_eq!(codes, ["camera-open"], "{report}");
    Ok(())
}

// covers: XA-1
#[tokio::test]
async fn a_layerlock_that_is_set_up_has_nothing_to_mend() -> Result<()> {
    let workshop = Workshop::start().await?;
    let house = House::with_printer(&workshop.url(), Protocol::Http1).await?;
    let output = audit(&[place(&house.layerlock.url())]).await?;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = printed(&output);
    assert!(text.contains("Layerlock (TLS)"), "{text}");
    assert!(text.contains("Nothing was found that ought to be mended."), "{text}");
    Ok(())
}

// covers: XA-1
#[tokio::test]
async fn a_layerlock_without_an_account_is_named() -> Result<()> {
    let data = tempfile::tempdir()?;
    let hub = layerlock::Layerlock::hub(data.path()).await?;
    let output = audit(&[place(&hub.url()), "--format", "json"]).await?;
    assert_eq!(output.status.code(), Some(10), "{output:?}");
    assert!(printed(&output).contains("layerlock-setup-open"), "{output:?}");
    Ok(())
}

// covers: XA-1
#[tokio::test]
async fn what_was_not_seen_is_not_in_order() -> Result<()> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let silent = std::net::UdpSocket::bind("127.0.0.1:0")?;
    let open = listener.local_addr()?.to_string();
    std::thread::spawn(move || listener.incoming().for_each(drop));
    for words in [&[open.as_str()][..], &["--router", &silent.local_addr()?.to_string()]] {
        let output = audit(words).await?;
        let text = printed(&output);
        assert_eq!(output.status.code(), Some(3), "{words:?}: {output:?}");
        let last = text.lines().last().unwrap_or_default();
        assert!(last.starts_with("Not seen: "), "{words:?}: {text}");
        assert!(!text.contains("Nothing was found that ought"), "{text}");
    }
    Ok(())
}

// covers: XA-1
#[tokio::test]
async fn wrong_usage_is_told_from_findings() -> Result<()> {
    let cases: [(&[&str], &str); 5] = [
        (&["10.0.0.0/8"], "more than 1024 addresses"),
        (&["203.0.113.7"], "none of these was looked at"),
        (&["http://octopi.local"], "is no host"),
        (&["--router", "nonsense"], "write the router's IPv4 address"),
        (&[], ""),
    ];
    for (words, sentence) in cases {
        let output = audit(words).await?;
        assert_eq!(output.status.code(), Some(2), "{words:?}: {output:?}");
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(error.contains(sentence), "{words:?}: {error}");
    }
    Ok(())
}
