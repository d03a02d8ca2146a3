//! Three homes with the same private addresses, as homes have: each with a printer and an agent of
//! its own, and one hub outside. All of them are network namespaces of this machine.

use std::{
    env,
    net::{SocketAddr, TcpListener as StdListener, TcpStream as StdStream},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use http::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{
    client::{Client, Protocol},
    layerlock,
    network::{Network, WITHOUT},
    process::Process,
    wait,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{
    commands,
    house::{SOON, printer, text},
    linking::printed_words,
    workshop::STRANGERS,
};

const PRINTER: &str = "192.168.7.20:80";
const HOMES: [&str; 3] = ["amsel", "buche", "coral"];
const PASSWORD: &str = "seven violet anvils hum";
const LISTEN: &str = "0.0.0.0:3443";

// covers: RL-1, RL-6, RL-8, PM-4
#[tokio::test]
async fn three_homes_with_equal_private_addresses() -> Result<()> {
    if env::var_os(WITHOUT).is_some() {
        return Ok(());
    }
    let network = draw()?;
    for home in HOMES {
        let machine = format!("{home}-printer");
        let listener = network.on(&machine, || StdListener::bind(PRINTER))??;
        listener.set_nonblocking(true)?;
        tokio::spawn(serve(TcpListener::from_std(listener)?, home));
    }
    reach(&network)?;

    // From here on this thread, and everybody who opens a browser on it, is outside.
    network.move_to("hub")?;
    let data = tempfile::tempdir()?;
    let hub = start(&network, "hub", &data, &["hub", "--https", LISTEN, "--http", "127.0.0.1:0"])?;
    let mut hub = hub;
    hub.line("the hub", SOON, |line| line.contains("https://").then_some(())).await?;
    let mut running = Vec::new();
    let mut people = Vec::new();
    for (number, home) in (1..).zip(HOMES) {
        let email = format!("{home}@example.org");
        commands::layerlock(data.path(), &["user", "add", &email], &format!("{PASSWORD}\n"))?;
        let person = Client::new("https://layerlock.localhost:3443", Protocol::Http2)?;
        ensure!(person.sign_in(&email, PASSWORD).await?.status == 200, "{email} isn't signed in");
        let place = tempfile::tempdir()?;
        link(&network, home, &format!("10.99.{number}.1"), &person, &place).await?;
        running.push(start(&network, home, &place, &["agent", "run"])?);
        people.push((home, person, place));
    }
    for (home, person, _) in &people {
        let id = printer(person, true).await?;
        let list = person.get("/api/v1/printers").await?.json()?;
        assert_eq!(list.as_array().map(Vec::len), Some(1), "{home} sees {list}");
        let origin = person.open(&id).await?;
        for path in ["/", "/a/page"] {
            assert_eq!(origin.get(path).await?.text, format!("the printer of {home}"));
        }
        for (other, stranger, _) in people.iter().filter(|(other, ..)| other != home) {
            let answer = stranger.get(&format!("/api/v1/printers/{id}")).await?;
            assert_eq!(answer.status, 404, "{other} sees the printer of {home}");
        }
    }
    Ok(())
}

/// A hub, and in each home a machine for the agent between the hub's line and the printer's.
fn draw() -> Result<Network> {
    let mut network = Network::new()?;
    network.add("hub")?;
    for (number, home) in (1..).zip(HOMES) {
        let (printer, line) = (format!("{home}-printer"), format!("to-{home}"));
        let (near, far) = (format!("10.99.{number}.1/30"), format!("10.99.{number}.2/30"));
        network.add(home)?;
        network.add(&printer)?;
        network.join(("hub", &line, &near), (home, "out", &far))?;
        network.join((home, "lan", "192.168.7.2/24"), (&printer, "lan", "192.168.7.20/24"))?;
    }
    Ok(network)
}

/// Only the agent's machine of each home reaches a printer, and it is its own.
fn reach(network: &Network) -> Result<()> {
    let connect = |machine: &str, address: &str| {
        let address: SocketAddr = address.parse()?;
        let connected = network
            .on(machine, || StdStream::connect_timeout(&address, Duration::from_secs(5)).is_ok());
        connected.with_context(|| format!("on {machine}"))
    };
    for (number, home) in (1..).zip(HOMES) {
        ensure!(connect(home, PRINTER)?, "{home} doesn't reach its printer");
        let printer = format!("{home}-printer");
        ensure!(
            !connect(&printer, &format!("10.99.{number}.1:3443"))?,
            "{printer} reaches the hub"
        );
    }
    ensure!(!connect("hub", PRINTER)?, "the hub reaches a printer");
    Ok(())
}

fn start(network: &Network, machine: &str, data: &TempDir, words: &[&str]) -> Result<Process> {
    let mut command = network.command(machine, &layerlock::program()?);
    command.args(words).arg("--data").arg(data.path());
    Process::start(&format!("{} of {machine}", words.join(" ")), command)
}

/// Links a new agent to the hub at an address, for a person who compares its words.
async fn link(
    network: &Network,
    home: &str,
    hub: &str,
    person: &Client,
    place: &TempDir,
) -> Result<()> {
    let printer = format!("octoprint=http://{PRINTER}/");
    let add = ["agent", "printer", "add", &printer];
    ensure!(start(network, home, place, &add)?.end(SOON).await?.success(), "no printer was added");
    let offer = person.send(Method::POST, "/api/v1/links", Some(&json!({}))).await?.json()?;
    let id = text(&offer, "id")?;
    let command = text(&offer, "command")?;
    let words = command.split_whitespace().skip(1).map(|word| at(hub, word));
    let words: Vec<_> = words.collect();
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let mut linking = start(network, home, place, &words)?;
    let shown = printed_words(&mut linking).await?;
    let path = format!("/api/v1/links/{id}");
    wait::until("the offer to be claimed", SOON, || async {
        let offer: Value = person.get(&path).await.ok()?.json().ok()?;
        (offer.get("state")? == "claimed").then_some(())
    })
    .await?;
    let approve = format!("{path}/approve");
    let approved = person.send(Method::POST, &approve, Some(&json!({"words": shown}))).await?;
    ensure!(approved.status == 200, "{approved:?}");
    ensure!(linking.end(SOON).await?.success(), "{}", linking.output());
    Ok(())
}

/// A word of the command to paste, with the hub's address as this home reaches it.
fn at(hub: &str, word: &str) -> String {
    if word.starts_with("https://") { format!("https://{hub}:3443") } else { word.to_owned() }
}

async fn serve(listener: TcpListener, home: &'static str) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(answer(stream, home));
    }
}

async fn answer(mut stream: TcpStream, home: &str) -> Result<()> {
    let mut head = Vec::new();
    loop {
        head.push(stream.read_u8().await?);
        if head.ends_with(b"\r\n\r\n") {
            let asked_by_stranger = String::from_utf8_lossy(&head).contains(STRANGERS);
            head.clear();
            let status = if asked_by_stranger { "403 Forbidden" } else { "200 OK" };
            let text = format!("the printer of {home}");
            let answer =
                format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{text}", text.len());
            stream.write_all(answer.as_bytes()).await?;
        }
    }
}
