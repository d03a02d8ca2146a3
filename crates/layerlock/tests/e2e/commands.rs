//! The command line as people type it.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, ensure};
use testkit::{
    client::{Client, Protocol},
    layerlock::{self, Layerlock},
};

use crate::{
    house::{House, printer},
    workshop::Workshop,
};

pub(crate) const GUEST: (&str, &str) = ("grace@example.org", "nine quiet otters drift");

/// Runs a command with something on its standard input.
pub(crate) fn layerlock(data: &std::path::Path, words: &[&str], input: &str) -> Result<Output> {
    let mut command = Command::new(layerlock::program()?);
    command.args(words).arg("--data").arg(data);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = command.spawn()?;
    running.stdin.take().context("no input")?.write_all(input.as_bytes())?;
    Ok(running.wait_with_output()?)
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

// covers: PM-2, PM-3, PM-4
#[tokio::test]
async fn a_grant_lets_a_second_person_in_and_taking_it_back_locks_again() -> Result<()> {
    let workshop = Workshop::start().await?;
    let house = House::with_printer(&workshop.url(), Protocol::Http2).await?;
    let id = house.printer().await?;
    let data = house.data.path();
    let added = layerlock(data, &["user", "add", GUEST.0], &format!("{}\n", GUEST.1))?;
    ensure!(added.status.success(), "{}", errors(&added));
    let guest = Client::new(&house.layerlock.url(), Protocol::Http2)?;
    assert_eq!(guest.sign_in(GUEST.0, GUEST.1).await?.status, 200);
    assert_eq!(guest.get("/api/v1/printers").await?.text, "[]");
    assert_eq!(guest.get(&format!("/api/v1/printers/{id}")).await?.status, 404);

    let granted = layerlock(data, &["grant", "add", GUEST.0, &id, "controls"], "")?;
    ensure!(granted.status.success(), "{}", errors(&granted));
    assert_eq!(printer(&guest, true).await?, id);
    let origin = guest.open(&id).await?;
    assert_eq!(origin.get("/").await?.text, "a printer");

    let list = printed(&layerlock(data, &["grant", "list"], "")?);
    let row = list.lines().find(|line| line.contains(GUEST.0)).context("no such grant")?;
    let grant = row.split_whitespace().next().context("no id")?;
    ensure!(layerlock(data, &["grant", "remove", grant], "")?.status.success());
    assert_eq!(guest.get("/api/v1/printers").await?.text, "[]");
    assert_eq!(origin.get("/").await?.status, 404, "as if there were no such printer");
    Ok(())
}

// covers: PM-3
#[tokio::test]
async fn view_is_not_enough_for_the_printers_own_pages() -> Result<()> {
    let workshop = Workshop::start().await?;
    let house = House::with_printer(&workshop.url(), Protocol::Http2).await?;
    let id = house.printer().await?;
    let data = house.data.path();
    layerlock(data, &["user", "add", GUEST.0], &format!("{}\n", GUEST.1))?;
    ensure!(layerlock(data, &["grant", "add", GUEST.0, &id, "view"], "")?.status.success());
    let guest = Client::new(&house.layerlock.url(), Protocol::Http2)?;
    assert_eq!(guest.sign_in(GUEST.0, GUEST.1).await?.status, 200);
    assert_eq!(printer(&guest, true).await?, id, "it is seen");
    ensure!(guest.open(&id).await.is_err(), "but not opened");
    Ok(())
}

// covers: AC-2, AC-15
#[tokio::test]
async fn resetting_a_password_ends_every_session() -> Result<()> {
    let workshop = Workshop::start().await?;
    let house = House::with_printer(&workshop.url(), Protocol::Http2).await?;
    let data = house.data.path();
    layerlock(data, &["user", "add", GUEST.0], &format!("{}\n", GUEST.1))?;
    let guest = Client::new(&house.layerlock.url(), Protocol::Http2)?;
    assert_eq!(guest.sign_in(GUEST.0, GUEST.1).await?.status, 200);
    let reset =
        layerlock(data, &["user", "reset-password", GUEST.0], "eleven brass kites hover\n")?;
    ensure!(reset.status.success(), "{}", errors(&reset));
    assert_eq!(guest.get("/api/v1/session").await?.status, 401);
    assert_eq!(guest.sign_in(GUEST.0, GUEST.1).await?.status, 401);
    assert_eq!(guest.sign_in(GUEST.0, "eleven brass kites hover").await?.status, 200);
    Ok(())
}

// covers: AC-2
#[tokio::test]
async fn a_weak_password_is_refused_with_advice() -> Result<()> {
    let data = tempfile::tempdir()?;
    let _hub = Layerlock::hub(data.path()).await?;
    let refused = layerlock(data.path(), &["user", "add", GUEST.0], "password123\n")?;
    assert_eq!(refused.status.code(), Some(1));
    ensure!(errors(&refused).starts_with("layerlock: "), "{}", errors(&refused));
    ensure!(printed(&layerlock(data.path(), &["user", "list"], "")?).contains("Nobody yet"));
    Ok(())
}

// covers: OP-1
#[test]
fn a_mistyped_data_folder_is_no_new_hub() -> Result<()> {
    let data = tempfile::tempdir()?;
    let nowhere = data.path().join("nowhere");
    for words in [&["user", "list"][..], &["setup-link"], &["grant", "list"]] {
        let refused = layerlock(&nowhere, words, "")?;
        assert_eq!(refused.status.code(), Some(1), "{words:?}");
        ensure!(errors(&refused).contains("no hub has run with"), "{}", errors(&refused));
    }
    ensure!(!nowhere.exists(), "the folder was made");
    Ok(())
}

// covers: RL-8
#[test]
fn a_public_address_is_no_printer() -> Result<()> {
    let data = tempfile::tempdir()?;
    let words = ["agent", "printer", "add", "octoprint=http://203.0.113.9"];
    let refused = layerlock(data.path(), &words, "")?;
    assert_eq!(refused.status.code(), Some(1));
    ensure!(errors(&refused).contains("not in a home network"), "{}", errors(&refused));
    Ok(())
}

// covers: OP-3
#[test]
fn a_misspelt_setting_stops_the_start_and_names_the_right_one() -> Result<()> {
    let data = tempfile::tempdir()?;
    std::fs::write(data.path().join("layerlock.toml"), "[hub]\ntrusted_proxy = []\n")?;
    let refused = layerlock(data.path(), &["config", "check"], "")?;
    assert_eq!(refused.status.code(), Some(2));
    ensure!(errors(&refused).contains("did you mean \"trusted_proxies\"?"), "{}", errors(&refused));
    Ok(())
}

// covers: OP-3
#[test]
fn an_agent_without_a_hub_says_what_to_do() -> Result<()> {
    let data = tempfile::tempdir()?;
    let refused = layerlock(data.path(), &["agent", "run"], "")?;
    assert_eq!(refused.status.code(), Some(1));
    ensure!(errors(&refused).contains("isn't linked to a hub yet"), "{}", errors(&refused));
    Ok(())
}
