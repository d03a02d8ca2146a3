//! A plain stop: what runs is finished, who is connected hears of the end, and nobody holds it up.

use anyhow::{Context, Result, bail, ensure};
use futures_util::{SinkExt, StreamExt};
use http::Method;
use testkit::{
    client::{Protocol, WebSocket},
    layerlock::Layerlock,
    wait,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::tungstenite::Message;

use crate::{
    house::{House, SOON, printer},
    linking::TwoMachines,
    workshop::{HALF, Workshop},
};

/// What the hub says when its patience with somebody has ended.
const CUT_OFF: &str = "cut off what did not finish in time";

// covers: OP-3, RL-7
#[tokio::test]
async fn a_hub_that_stops_finishes_and_says_goodbye_to_its_agents() -> Result<()> {
    let (workshop, machines) = (Workshop::start().await?, TwoMachines::start().await?);
    let agent = machines.linked(&workshop.url()).await?;
    let TwoMachines { hub, owner, hub_data, agent: _agent_data } = machines;
    let origin = owner.open(&printer(&owner, true).await?).await?;
    let stop = async {
        workshop.asked_for_slow().await;
        let stopping = hub.stop();
        workshop.next_event();
        stopping.await
    };
    let (slow, said) = tokio::join!(origin.get("/slow"), stop);
    assert_eq!(slow?.text, "done", "what was under way");
    let said = said?;
    ensure!(!said.contains(CUT_OFF), "the agent's connection held up the stop: {said}");
    let heard = || {
        let heard = agent.lines().iter().any(|line| line.contains("the hub has ended the conn"));
        std::future::ready(heard.then_some(()))
    };
    wait::until("the goodbye", SOON, heard).await?;
    drop(hub_data);
    Ok(())
}

// covers: OP-3, RL-7
#[tokio::test]
async fn a_stop_of_either_side_finishes_what_is_on_the_second_connection() -> Result<()> {
    for stops_the_agent in [true, false] {
        let (workshop, machines) = (Workshop::start().await?, TwoMachines::start().await?);
        let agent = machines.linked(&workshop.url()).await?;
        let origin = machines.owner.open(&printer(&machines.owner, true).await?).await?;
        let mut answer = origin.request(Method::GET, "/paused").send().await?;
        let mut length = 0;
        while length < HALF {
            length += timeout(SOON, answer.chunk()).await??.context("it has ended")?.len();
        }
        let stopping = if stops_the_agent { &agent } else { machines.hub.process() };
        stopping.terminate()?;
        let is_stopping = || async {
            let answer = origin.get("/").await;
            answer.map_or(true, |answer| answer.status != 200).then_some(())
        };
        wait::until("the stop", SOON, is_stopping).await?;
        workshop.next_event();
        while let Some(piece) = timeout(SOON, answer.chunk()).await?? {
            length += piece.len();
        }
        assert_eq!(length, 2 * HALF);
    }
    Ok(())
}

// covers: OP-3
#[tokio::test]
async fn half_a_request_for_the_metrics_holds_up_no_stop() -> Result<()> {
    let data = tempfile::tempdir()?;
    let settings = "[hub.listen]\nmetrics = \"127.0.0.1:0\"\n";
    std::fs::write(data.path().join("layerlock.toml"), settings)?;
    let hub = Layerlock::hub(data.path()).await?;
    let metrics = || {
        let lines = hub.lines();
        let line =
            lines.iter().find_map(|line| line.split_once("Metrics")?.1.split_once("http://"));
        std::future::ready(line.and_then(|(_, line)| line.split('/').next().map(str::to_owned)))
    };
    let metrics = wait::until("the metrics' address", SOON, metrics).await?;
    let mut whole = TcpStream::connect(&metrics).await?;
    let mut half = TcpStream::connect(&metrics).await?;
    half.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n").await?;
    // Who comes later is answered: the half has been let in.
    whole.write_all(b"GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n").await?;
    let mut answer = String::new();
    whole.read_to_string(&mut answer).await?;
    ensure!(answer.contains("layerlock_agents_online"), "{answer}");
    hub.stop().await.context("half a request held up the stop")?;
    drop(half);
    Ok(())
}

// covers: OP-3, RL-7
#[tokio::test]
async fn a_websocket_hears_why_it_ends() -> Result<()> {
    let workshop = Workshop::start().await?;
    for (is_restart, code) in [(true, 1012), (false, 1001)] {
        let house = House::with_printer(&workshop.url(), Protocol::Http2).await?;
        let House { layerlock, owner, data } = house;
        let origin = owner.open(&printer(&owner, true).await?).await?;
        let mut socket = origin.web_socket("/echo").await?;
        socket.send(Message::text("M105")).await?;
        ensure!(socket.next().await.context("no echo")?? == Message::text("M105"));
        if is_restart {
            layerlock.process().restart(layerlock.pid()).await?;
            assert_eq!(timeout(SOON, last_word(&mut socket)).await??, code);
        } else {
            let (said, stopped) =
                tokio::join!(timeout(SOON, last_word(&mut socket)), layerlock.stop());
            assert_eq!(said??, code);
            ensure!(!stopped?.contains(CUT_OFF), "the socket held up the stop");
        }
        drop(data);
    }
    Ok(())
}

/// The code with which a socket is closed.
async fn last_word(socket: &mut WebSocket) -> Result<u16> {
    while let Some(message) = socket.next().await {
        if let Message::Close(Some(frame)) = message? {
            return Ok(frame.code.into());
        }
    }
    bail!("the socket broke off")
}
