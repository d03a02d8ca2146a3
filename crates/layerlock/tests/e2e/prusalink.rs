//! A real PrusaLink behind the relay, its printer idle.

use anyhow::{Result, ensure};
use http::Method;
use serde_json::{Value, json};
use testkit::{
    client::{PrinterOrigin, Protocol},
    prusalink::PrusaLink,
};

use crate::house::House;

const GCODE: &str = "G28\nG1 X10 Y10 F3000\n";

// covers: RL-1, RL-4
#[tokio::test]
async fn prusalinks_digest_login_works_through_the_relay() -> Result<()> {
    let prusalink = PrusaLink::start().await?;
    for protocol in Protocol::ALL {
        let house = House::with_printers(&[("prusalink", &prusalink.url())], protocol).await?;
        let origin = house.owner.open(&house.printer().await?).await?;

        let locked = origin.get("/api/v1/status").await?;
        assert_eq!(locked.status, 401, "the printer's own login is the second lock: {locked:?}");
        let challenge = locked.header("www-authenticate");
        ensure!(challenge.starts_with("Digest"), "{protocol:?}: no challenge but {challenge:?}");

        let status = with_digest(&origin, challenge, PrusaLink::USER.1).await?;
        assert_eq!(status.status(), 200, "{protocol:?}");
        let status: Value = status.json().await?;
        assert_eq!(status.pointer("/printer/state"), Some(&json!("IDLE")), "{status}");

        let wrong = with_digest(&origin, challenge, "guess").await?;
        assert_eq!(wrong.status(), 401, "{protocol:?}");
    }
    Ok(())
}

// covers: RL-1, RL-4
#[tokio::test]
async fn prusalink_takes_a_file_from_who_has_its_key() -> Result<()> {
    let prusalink = PrusaLink::start().await?;
    let house = House::with_printers(&[("prusalink", &prusalink.url())], Protocol::Http2).await?;
    let origin = house.owner.open(&house.printer().await?).await?;

    let path = "/api/v1/files/local/cube.gcode";
    let refused = origin.request(Method::PUT, path).body(GCODE).send().await?;
    assert_eq!(refused.status(), 401);
    let request = origin.request(Method::PUT, path).header("X-Api-Key", PrusaLink::API_KEY);
    let taken = request.header("Content-Type", "text/x.gcode").body(GCODE).send().await?;
    assert_eq!(taken.status(), 201, "{}", taken.text().await?);

    let file = prusalink.directory().join("gcodes/cube.gcode");
    assert_eq!(std::fs::read_to_string(file)?, GCODE);
    Ok(())
}

async fn with_digest(
    origin: &PrinterOrigin<'_>,
    challenge: &str,
    password: &str,
) -> Result<reqwest::Response> {
    let path = "/api/v1/status";
    let answer = PrusaLink::digest(challenge, "GET", path, password)?;
    Ok(origin.request(Method::GET, path).header("Authorization", answer).send().await?)
}
