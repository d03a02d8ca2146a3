//! What OctoPrint's page does where a WebSocket can't be had (Safari doesn't send passwords with
//! them): SockJS's other transports, through a gate.

use anyhow::{Context, Result, ensure};
use futures_util::StreamExt;
use http::Method;
use serde_json::json;
use testkit::{camera::Camera, client::Protocol, octoprint::OctoPrint};
use tokio::time::timeout;

use super::{
    door::{ADMIN, ADMINPASS, Door, OUTSIDE, Visitor},
    sign_in,
};
use crate::house::SOON;

/// What OctoPrint says of its printer once it knows who is there.
const TEMPERATURE: &str = "tool0";

// covers: GT-1, GT-5
#[tokio::test]
async fn octoprints_page_without_a_websocket() -> Result<()> {
    let camera = Camera::start().await?;
    let octoprint = OctoPrint::start(&camera.url()).await?;
    let people = format!("users = {{ admin = {ADMINPASS:?} }}");
    let door = Door::start(&octoprint.url(), &people).await?;
    // A frame with one message, which is JSON itself.
    let auth = json!([sign_in(&door).await?]).to_string();
    for protocol in Protocol::ALL {
        let visitor = door.visitor(OUTSIDE, protocol)?;
        let session = |name: &str| format!("/sockjs/000/{name}{protocol:?}");
        strangers_get_nowhere(&visitor, &session("stranger")).await?;
        streamed(&visitor, &session("streamed"), (Method::POST, "xhr_streaming"), &auth).await?;
        streamed(&visitor, &session("events"), (Method::GET, "eventsource"), &auth).await?;
        polled(&visitor, &session("polled"), &auth).await?;
    }
    Ok(())
}

async fn strangers_get_nowhere(visitor: &Visitor, session: &str) -> Result<()> {
    for (method, transport) in [
        (Method::POST, "xhr_streaming"),
        (Method::POST, "xhr"),
        (Method::POST, "xhr_send"),
        (Method::GET, "eventsource"),
    ] {
        let path = format!("{session}/{transport}");
        let asked = visitor.ask(method.clone(), &path, "").send().await?.status();
        assert_eq!(asked, 401, "{path}");
        let elsewhere = visitor.ask(method, &path, ADMIN).header("Sec-Fetch-Site", "cross-site");
        assert_eq!(elsewhere.send().await?.status(), 403, "{path}");
    }
    Ok(())
}

/// One answer that doesn't end (`xhr_streaming`, `eventsource`); what the page says goes beside it.
async fn streamed(
    visitor: &Visitor,
    session: &str,
    (method, transport): (Method, &str),
    auth: &str,
) -> Result<()> {
    let answer = visitor.ask(method, &format!("{session}/{transport}"), ADMIN).send().await?;
    let mut pieces = answer.error_for_status()?.bytes_stream();
    let mut heard = String::new();
    let mut said = false;
    timeout(SOON, async {
        while !heard.contains(TEMPERATURE) {
            let piece = pieces.next().await.context("the stream ended")??;
            heard += &String::from_utf8_lossy(&piece);
            if !said && heard.contains("connected") {
                say(visitor, session, auth).await?;
                said = true;
            }
        }
        anyhow::Ok(())
    })
    .await
    .with_context(|| format!("{session}: {heard}"))?
}

/// One answer after the other (`xhr`).
async fn polled(visitor: &Visitor, session: &str, auth: &str) -> Result<()> {
    let poll = async || {
        let answer = visitor.ask(Method::POST, &format!("{session}/xhr"), ADMIN).send().await?;
        anyhow::Ok(answer.error_for_status()?.text().await?)
    };
    ensure!(poll().await? == "o\n", "no session was opened");
    say(visitor, session, auth).await?;
    timeout(SOON, async {
        while !poll().await?.contains(TEMPERATURE) {}
        Ok(())
    })
    .await?
}

async fn say(visitor: &Visitor, session: &str, what: &str) -> Result<()> {
    let said = visitor.ask(Method::POST, &format!("{session}/xhr_send"), ADMIN);
    let said = said.body(what.to_owned()).send().await?;
    assert_eq!(said.status(), 204, "{session}");
    Ok(())
}
