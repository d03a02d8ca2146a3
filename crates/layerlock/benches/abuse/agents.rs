//! What programs do that pose as agents, and what happens to the true agent's tunnel.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use serde_json::json;
use tokio::time::timeout;
use tunnel::{ALPN_LINK, ALPN_TUNNEL, Identity, Limits, Tunnel};
use wire::{LINK_PATH, LinkRequest};

use crate::{
    dial::{address, secure},
    house::text,
    scene::Scene,
};

const SECOND: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) async fn abuse(scene: &Scene<'_>) {
    tokio::join!(
        scene.again("agents with unknown keys", SECOND, async |number| {
            unknown(scene, number).await
        }),
        scene.again("agents that hang up", SECOND, async |number| {
            connect(scene, number, ALPN_TUNNEL).await.map(drop)
        }),
        scene.again("guessed link codes", SECOND, async |number| guess(scene, number).await),
        scene.again("offers to link an agent", SECOND * 30, async |_| offer(scene).await),
        scene.again("cuts of the tunnel", SECOND * 20, async |_| {
            scene.house.cable.cut();
            Ok(())
        }),
    );
}

async fn connect(
    scene: &Scene<'_>,
    number: u32,
    alpn: &'static [u8],
) -> Result<tokio_rustls::client::TlsStream<tokio::net::TcpStream>> {
    let identity = Identity::generate()?;
    let config = tunnel::client_config(&identity, scene.house.hub_key, alpn)?;
    secure(address(number), scene.house.hub.port(), "localhost", config).await
}

/// A key that isn't linked; it waits until it is told so and hung up on.
async fn unknown(scene: &Scene<'_>, number: u32) -> Result<()> {
    let io = connect(scene, number, ALPN_TUNNEL).await?;
    let handler = async |_| http::Response::new(Full::<Bytes>::default());
    let handler = move |request| handler(request);
    let served = tunnel::serve(io, handler, tokio_util::sync::CancellationToken::new());
    let _ = timeout(PATIENCE, served).await.context("it was kept")?;
    Ok(())
}

/// A wrong code, and then another question on the same connection.
async fn guess(scene: &Scene<'_>, number: u32) -> Result<()> {
    let io = connect(scene, number, ALPN_LINK).await?;
    let (tunnel, driver) = Tunnel::open_with(io, Limits::LINK).await?;
    let asking = async {
        let body = serde_json::to_vec(&LinkRequest {
            code: format!("ABCD-{:06}", number % 1_000_000),
            name: "A stranger".parse()?,
            version: "0".to_owned(),
        })?;
        let request =
            Request::builder().method(Method::POST).uri(format!("https://hub{LINK_PATH}"));
        let answer = tunnel.send(request.body(Full::new(Bytes::from(body)))?).await?;
        ensure!(answer.status() == 200, "{}", answer.status());
        let said = answer.into_body().collect().await?.to_bytes();
        let said = String::from_utf8_lossy(&said).into_owned();
        ensure!(said.contains("refused"), "{said}");
        Ok(())
    };
    tokio::select! {
        asked = timeout(PATIENCE, asking) => asked?,
        ended = driver => ended.map_err(Into::into),
    }
}

/// The dashboard's owner makes offer after offer, of which the oldest end.
async fn offer(scene: &Scene<'_>) -> Result<()> {
    let offer = scene.house.owner.send(Method::POST, "/api/v1/links", Some(&json!({}))).await?;
    ensure!(offer.status == 201, "{offer:?}");
    text(&offer.json()?, "id").map(drop)
}
