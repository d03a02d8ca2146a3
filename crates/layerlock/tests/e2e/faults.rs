//! Things break: printers, agents, hubs. What people then see is true, and it heals by itself.

use anyhow::{Result, ensure};
use http::Method;
use testkit::{
    client::{Client, Protocol},
    layerlock::{self, Layerlock},
};

use crate::{
    house::{House, OWNER, printer},
    workshop::Workshop,
};

// covers: RL-7
#[tokio::test]
async fn a_printer_that_is_off_has_a_page_that_says_so() -> Result<()> {
    let workshop = Workshop::start().await?;
    let house = House::with_printer(&workshop.url(), Protocol::Http2).await?;
    let id = house.printer().await?;
    let origin = house.owner.open(&id).await?;
    let address = workshop.address();
    workshop.stop().await;

    let page = origin.visit("/").await?;
    assert_eq!(page.status, 502, "{page:?}");
    ensure!(page.header("content-type").starts_with("text/html"), "{page:?}");
    ensure!(page.text.contains(page.header("x-request-id")), "no request id: {page:?}");
    let problem = origin.get("/api/version").await?;
    assert_eq!(problem.code(), "printer-offline", "{problem:?}");
    printer(&house.owner, false).await?;

    let _again = Workshop::start_at(address).await?;
    printer(&house.owner, true).await?;
    assert_eq!(origin.get("/").await?.text, "a printer");
    Ok(())
}

// covers: RL-7
#[tokio::test]
async fn half_an_answer_is_not_taken_for_a_whole_one() -> Result<()> {
    for protocol in Protocol::ALL {
        let workshop = Workshop::start().await?;
        let house = House::with_printer(&workshop.url(), protocol).await?;
        let origin = house.owner.open(&house.printer().await?).await?;
        let answer = origin.request(Method::GET, "/broken").send().await?;
        assert_eq!(answer.status(), 200, "{protocol:?}");
        workshop.next_event();
        let whole = answer.bytes().await.is_ok();
        ensure!(!whole, "{protocol:?}: half an answer arrived as a whole one");
    }
    Ok(())
}

// covers: OP-3
#[tokio::test]
async fn a_graceful_stop_finishes_what_is_running() -> Result<()> {
    let workshop = Workshop::start().await?;
    let house = House::with_printer(&workshop.url(), Protocol::Http1).await?;
    let House { layerlock, owner, data: _data } = house;
    let id = printer(&owner, true).await?;
    let origin = owner.open(&id).await?;
    let stop = async {
        workshop.asked_for_slow().await;
        let stopping = layerlock.stop();
        workshop.next_event();
        stopping.await
    };
    let (slow, stopped) = tokio::join!(origin.get("/slow"), stop);
    stopped?;
    assert_eq!(slow?.text, "done");
    Ok(())
}

// covers: RL-7, AC-3, OP-1
#[tokio::test]
async fn everything_is_back_after_the_hub_was_killed() -> Result<()> {
    let workshop = Workshop::start().await?;
    let house = House::with_printer(&workshop.url(), Protocol::Http2).await?;
    let House { layerlock, owner, data: _data } = house;
    let id = printer(&owner, true).await?;
    let layerlock = layerlock.kill_and_restart().await?;
    // Neither the account, nor the session, nor the printer's place has changed.
    assert_eq!(printer(&owner, true).await?, id);
    assert_eq!(owner.open(&id).await?.get("/").await?.text, "a printer");
    drop(layerlock);
    Ok(())
}

// covers: OP-3
#[tokio::test]
async fn a_hub_says_that_it_lives_and_is_ready() -> Result<()> {
    let data = tempfile::tempdir()?;
    let hub = Layerlock::hub(data.path()).await?;
    let anybody = Client::new(&hub.url(), Protocol::Http2)?;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(anybody.get(path).await?.status, 200, "{path}");
    }
    hub.stop().await.map(drop)
}

// covers: SV-9
#[tokio::test]
async fn secrets_are_not_in_the_log() -> Result<()> {
    let workshop = Workshop::start().await?;
    let data = tempfile::tempdir()?;
    std::fs::write(data.path().join("layerlock.toml"), "[log]\nlevel = \"trace\"\n")?;
    let printer_url = format!("octoprint={}", workshop.url());
    let mut layerlock = Layerlock::up(data.path(), &["--printer", &printer_url]).await?;
    let token = layerlock.setup_token().await?;
    let owner = Client::new(&layerlock.url(), Protocol::Http1)?;
    ensure!(owner.set_up(&token, OWNER.0, OWNER.1).await?.status == 201);
    owner.sign_in(OWNER.0, "not the right password").await?;
    let origin = owner.open(&printer(&owner, true).await?).await?;
    let request = origin.request(Method::POST, "/api/login?apikey=query-secret");
    request.header("X-Api-Key", "header-secret").body("body-secret").send().await?;

    let printed = layerlock.lines();
    let log = printed.iter().filter(|line| !line.contains("Setup link:"));
    let log = log.cloned().collect::<Vec<_>>().join("\n");
    ensure!(log.contains("TRACE"), "the log is not complete enough for this test");
    let secrets =
        [&token, OWNER.1, "not the right password", "query-secret", "header-secret", "body-secret"];
    for secret in secrets {
        ensure!(!log.contains(secret), "{secret} is in the log");
    }
    Ok(())
}

// covers: AC-12
#[tokio::test]
async fn a_setup_link_is_reprinted_until_there_is_an_account() -> Result<()> {
    let data = tempfile::tempdir()?;
    let mut hub = Layerlock::hub(data.path()).await?;
    let first = hub.setup_token().await?;
    let printed = layerlock::run(data.path(), &["setup-link", "--https", "127.0.0.1:3443"]).await?;
    let second = printed.split_once('#').and_then(|(_, rest)| rest.split_whitespace().next());
    let second = second.unwrap_or_default().to_owned();
    let anybody = Client::new(&hub.url(), Protocol::Http2)?;
    let old = anybody.set_up(&first, OWNER.0, OWNER.1).await?;
    assert_eq!(old.code(), "setup-token", "{old:?}");
    assert_eq!(anybody.set_up(&second, OWNER.0, OWNER.1).await?.status, 201);
    let refused = layerlock::run(data.path(), &["setup-link"]).await.unwrap_err().to_string();
    ensure!(refused.contains("has an account already"), "{refused}");
    Ok(())
}
