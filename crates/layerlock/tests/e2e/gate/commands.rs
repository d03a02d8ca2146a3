//! `--from-haproxy` and `layerlock hash`, as people type them.

use std::path::Path;

use anyhow::{Result, ensure};
use testkit::{client::Protocol, layerlock::program, terminal::Terminal};

use super::door::{ADA, Door, INSIDE, OUTSIDE, PATIENCE, TEAPOT, file, said};
use crate::{commands::layerlock, workshop::Workshop};

fn haproxy(server: &str, more: &str) -> String {
    format!(
        "defaults\n mode http\nuserlist people\n user ada password {TEAPOT}\nfrontend public\n \
         bind :443 ssl crt x.pem\n acl home src {INSIDE}\n {more}\n default_backend printer\n\
         backend printer\n acl known http_auth(people)\n \
         acl office src 10.20.0.0/16\n http-request auth realm Printer if !known !office\n server a {server}\n"
    )
}

// covers: GT-3, GT-4
#[tokio::test]
async fn a_haproxys_file_is_served_or_only_looked_at() -> Result<()> {
    let workshop = Workshop::start().await?;
    let data = tempfile::tempdir()?;
    let path = data.path().join("haproxy.cfg");
    std::fs::write(&path, haproxy(&workshop.address().to_string(), ""))?;
    let path = path.display().to_string();
    let looked = layerlock(data.path(), &["gate", "--from-haproxy", &path, "--check"], "")?;
    let told = String::from_utf8_lossy(&looked.stdout);
    ensure!(looked.status.success() && told.contains("http-request auth"), "{looked:?}");
    ensure!(!told.contains(TEAPOT), "{told}");

    let mut door = Door::with(data, &["--from-haproxy", &path]).await?;
    let network = "Rules name   10.20.0.0/16: 10.20.0.0 to 10.20.255.255";
    door.process.line("the backend's network", PATIENCE, |line| said(line, network)).await?;
    let outside = door.visitor(OUTSIDE, Protocol::Http2)?;
    assert_eq!(outside.status("/", "").await?, 401);
    assert_eq!(outside.status("/", ADA).await?, 200);
    Ok(())
}

// covers: GT-3
#[tokio::test]
async fn rule_on_get_passed_by_a_websocket_over_http2() -> Result<()> {
    let workshop = Workshop::start().await?;
    let data = tempfile::tempdir()?;
    let path = data.path().join("haproxy.cfg");
    let rule = "http-request deny if METH_GET { path_beg /echo } !home";
    std::fs::write(&path, haproxy(&workshop.address().to_string(), rule))?;
    let door = Door::with(data, &["--from-haproxy", &path.display().to_string()]).await?;
    for (from, expected) in [(OUTSIDE, 403), (INSIDE, 200)] {
        let status = door.web_socket_over_http2("/echo", from, ADA, &door.origin()).await?;
        assert_eq!(status, expected, "{from}");
    }
    Ok(())
}

// covers: GT-3
#[tokio::test]
async fn a_haproxys_file_that_keeps_out_more_than_a_gate_can() -> Result<()> {
    let data = tempfile::tempdir()?;
    let path = data.path().join("haproxy.cfg");
    std::fs::write(&path, haproxy("127.0.0.1:1", "http-request deny if { ssl_fc_alpn h2 }"))?;
    let path = path.display().to_string();
    for more in [&[][..], &["--check"]] {
        let words = [&["gate", "--listen", "127.0.0.1:0", "--from-haproxy", &path], more].concat();
        let refused = layerlock(data.path(), &words, "")?;
        let told = String::from_utf8_lossy(&refused.stderr);
        assert_eq!(refused.status.code(), Some(2), "{told}");
        ensure!(told.contains("line 8") && told.contains("Nothing was started"), "{told}");
        let table = String::from_utf8_lossy(&refused.stdout);
        ensure!(table.contains("user ada ***") && !table.contains("http-request deny"), "{table}");
    }
    Ok(())
}

// covers: XA-1
#[tokio::test]
async fn a_gate_is_known_to_the_audit_and_in_order() -> Result<()> {
    let workshop = Workshop::start().await?;
    let door = Door::start(&workshop.url(), &format!("users = {{ ada = {TEAPOT:?} }}")).await?;
    let place = door.origin().replace("https://localhost", "127.0.0.1");
    let data = tempfile::tempdir()?;
    let words = ["audit", &place].map(str::to_owned);
    let looked = tokio::task::spawn_blocking(move || {
        layerlock(data.path(), &words.each_ref().map(String::as_str), "")
    });
    let looked = looked.await??;
    let told = String::from_utf8_lossy(&looked.stdout);
    assert_eq!(looked.status.code(), Some(0), "{looked:?}");
    ensure!(told.contains("Layerlock (TLS)"), "{told}");
    ensure!(told.contains("Nothing was found that ought to be mended."), "{told}");
    Ok(())
}

// covers: GT-2
#[tokio::test]
async fn a_hash_of_an_unknown_kind_is_refused_with_its_place() -> Result<()> {
    let data = tempfile::tempdir()?;
    let unknown = "$1$salt$hunter2";
    let users = format!("[gate.users]\nada = {TEAPOT:?}\nbob = {unknown:?}\n");
    std::fs::write(data.path().join("layerlock.toml"), file("http://127.0.0.1:1", &users))?;
    let (ada, bob) = (format!("ada:{TEAPOT}"), format!("bob:{unknown}"));
    let by_file = ["gate", "--listen", "127.0.0.1:0"];
    let by_arguments = [&by_file[..], &["--user", &ada, "--user", &bob]].concat();
    for (words, place) in [(&by_file[..], "line 6 of "), (&by_arguments, "--user, number 2")] {
        let refused = layerlock(data.path(), words, "")?;
        let told = String::from_utf8_lossy(&refused.stderr);
        assert_eq!(refused.status.code(), Some(2), "{told}");
        ensure!(told.contains(place) && told.contains("user \"bob\""), "{told}");
        ensure!(!told.contains("hunter2"), "{told}");
    }
    Ok(())
}

fn is_hash(text: &str) -> bool {
    text.starts_with("$6$") || text.starts_with("$scrypt$")
}

// covers: GT-2
#[tokio::test]
async fn a_hash_is_made_from_a_pipe() -> Result<()> {
    let made = layerlock(Path::new("."), &["hash", "--kind", "sha512-crypt"], "rattling teapot\n")?;
    let (out, err) = (String::from_utf8(made.stdout)?, String::from_utf8(made.stderr)?);
    ensure!(made.status.success() && is_hash(&out) && out.lines().count() == 1, "{out}{err}");
    ensure!(err.contains("must differ") && !err.contains("teapot"), "{err}");
    Ok(())
}

// covers: GT-2
#[tokio::test]
async fn a_hash_is_made_at_a_terminal_without_an_echo() -> Result<()> {
    let mut terminal = Terminal::start(&program()?, &["hash"])?;
    terminal.shows("New password: ").await?;
    terminal.types("rattling teapot")?;
    terminal.shows("The same again: ").await?;
    terminal.types("rattling teapot")?;
    terminal.shows("must differ").await?;
    ensure!(terminal.end().await?.success(), "{}", terminal.screen());
    let screen = terminal.screen();
    ensure!(screen.lines().any(|line| is_hash(line.trim())), "{screen}");
    ensure!(!screen.contains("teapot"), "{screen}");
    Ok(())
}
