//! Printers that ask nobody on their own network for a login still ask who comes through the
//! tunnel, although the agent that connects to them is on that network.

use anyhow::Result;
use http::Method;
use reqwest::RequestBuilder;
use testkit::{camera::Camera, client::Protocol, moonraker::Moonraker, octoprint::OctoPrint};

use crate::house::House;

/// What a visitor may write to be taken for a neighbour.
const CLAIMS: [(&str, &str); 6] = [
    ("X-Forwarded-For", "127.0.0.1"),
    ("X-Real-IP", "192.168.1.2"),
    ("Forwarded", "for=127.0.0.1"),
    ("X-Client-IP", "10.0.0.1"),
    ("True-Client-IP", "127.0.0.1"),
    ("X_Forwarded_For", "127.0.0.1"),
];

// covers: RL-5
#[tokio::test]
async fn moonraker_trusts_agent_address() -> Result<()> {
    let networks = ["127.0.0.0/8", "192.168.0.0/16", "10.0.0.0/8"];
    let moonraker = Moonraker::start_trusting(&networks).await?;
    let neighbour = reqwest::get(format!("{}/server/info", moonraker.url())).await?;
    assert_eq!(neighbour.status(), 200, "a neighbour is asked for nothing");

    let house = House::with_printers(&[("moonraker", &moonraker.url())], Protocol::Http1).await?;
    let origin = house.owner.open(&house.printer().await?).await?;
    let ask = || origin.request(Method::GET, "/server/info");
    assert_eq!(ask().send().await?.status(), 401, "through the tunnel nobody is a neighbour");
    for (name, value) in CLAIMS {
        assert_eq!(ask().header(name, value).send().await?.status(), 401, "{name}: {value}");
    }
    assert_eq!(with_all_claims(ask()).send().await?.status(), 401, "all claims at once");
    let owner = ask().header("X-Api-Key", moonraker.api_key()).send().await?;
    assert_eq!(owner.status(), 200);
    Ok(())
}

// covers: RL-5
#[tokio::test]
async fn octoprint_logs_the_agent_in() -> Result<()> {
    let camera = Camera::start().await?;
    let octoprint = OctoPrint::start_trusting_loopback(&camera.url()).await?;
    let browser = reqwest::Client::builder().cookie_store(true).build()?;
    let url = octoprint.url();
    let direct = |method, path: &str| browser.request(method, format!("{url}{path}"));
    assert_eq!(log_in_by_address(direct).await?, 200, "a neighbour is the administrator");

    let house = House::with_printers(&[("octoprint", &url)], Protocol::Http1).await?;
    let origin = house.owner.open(&house.printer().await?).await?;
    let ask = |method, path: &str| origin.request(method, path);
    assert_eq!(log_in_by_address(ask).await?, 403, "through the tunnel nobody is a neighbour");
    for (name, value) in CLAIMS {
        let claim = |method, path: &str| origin.request(method, path).header(name, value);
        assert_eq!(log_in_by_address(claim).await?, 403, "{name}: {value}");
    }
    let claim = |method, path: &str| with_all_claims(origin.request(method, path));
    assert_eq!(log_in_by_address(claim).await?, 403, "all claims at once");
    Ok(())
}

fn with_all_claims(request: RequestBuilder) -> RequestBuilder {
    CLAIMS.iter().fold(request, |request, (name, value)| request.header(*name, *value))
}

/// Does what OctoPrint's page does when it is opened: asks for a login by address alone. Returns
/// how the settings answer then.
async fn log_in_by_address(request: impl Fn(Method, &str) -> RequestBuilder) -> Result<u16> {
    let page = request(Method::GET, "/login/").send().await?;
    let token = page.cookies().find(|cookie| cookie.name().starts_with("csrf_token"));
    // Without a token the page has led on: who asks is logged in already.
    if let Some(token) = token {
        let login = request(Method::POST, "/api/login")
            .header("Content-Type", "application/json")
            .header("X-CSRF-Token", token.value().to_owned())
            .body(r#"{"passive":true}"#);
        login.send().await?.error_for_status()?;
    }
    Ok(request(Method::GET, "/api/settings").send().await?.status().as_u16())
}
