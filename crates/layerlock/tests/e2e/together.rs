//! OctoPrint, Moonraker and PrusaLink at one agent, one person signed in to each of them at once.

use anyhow::{Context, Result, ensure};
use http::Method;
use serde_json::{Value, json};
use testkit::{
    camera::Camera,
    client::{PrinterOrigin, Protocol},
    moonraker::Moonraker,
    octoprint::OctoPrint,
    prusalink::PrusaLink,
};

use crate::house::{House, text};

/// A user of Moonraker.
const USER: (&str, &str) = ("ada", "adas printer");

// covers: RL-1, RL-2, RL-4, RL-5
#[tokio::test]
async fn three_kinds_of_printers_keep_their_own_logins() -> Result<()> {
    let camera = Camera::start().await?;
    let camera = camera.url();
    let starting = (OctoPrint::start(&camera), Moonraker::start(), PrusaLink::start());
    let (octoprint, moonraker, prusalink) = tokio::try_join!(starting.0, starting.1, starting.2)?;
    let urls = [octoprint.url(), moonraker.url(), prusalink.url()];
    let [first, second, third] = urls.each_ref().map(String::as_str);
    let printers = [("octoprint", first), ("moonraker", second), ("prusalink", third)];
    let house = House::with_printers(&printers, Protocol::Http2).await?;
    let open = async |kind| house.owner.open(&house.printer_of(kind).await?).await;
    let origins = [open("octoprint").await?, open("moonraker").await?, open("prusalink").await?];
    let [octo, moon, prusa] = &origins;

    sign_in_to_octoprint(octo).await?;
    let bearer = sign_in_to_moonraker(&moonraker, moon).await?;
    let challenge = prusa.get("/api/version").await?.header("www-authenticate").to_owned();

    // Each login still holds after the others, twice in turn.
    for _ in 0..2 {
        assert_eq!(octo.get("/api/settings").await?.status, 200);
        let request = moon.request(Method::GET, "/access/user");
        let user: Value = request.header("Authorization", &bearer).send().await?.json().await?;
        assert_eq!(user.pointer("/result/username"), Some(&json!(USER.0)), "{user}");
        let answer = PrusaLink::digest(&challenge, "GET", "/api/version", PrusaLink::USER.1)?;
        let request = prusa.request(Method::GET, "/api/version");
        assert_eq!(request.header("Authorization", answer).send().await?.status(), 200);
    }
    Ok(())
}

/// As OctoPrint's page does it: with a cookie for the login, and one to prove that it is its page.
async fn sign_in_to_octoprint(origin: &PrinterOrigin<'_>) -> Result<()> {
    let page = origin.request(Method::GET, "/login/").send().await?;
    let token = page.cookies().find(|cookie| cookie.name().starts_with("csrf_token"));
    let token = token.context("no CSRF token")?.value().to_owned();
    let (user, password) = OctoPrint::ADMIN;
    let login = origin
        .request(Method::POST, "/api/login")
        .header("Content-Type", "application/json")
        .header("X-CSRF-Token", token)
        .body(json!({"user": user, "pass": password}).to_string());
    let status = login.send().await?.status();
    ensure!(status == 200, "OctoPrint's login answered {status}");
    Ok(())
}

/// As Mainsail does it: a login that gives a token. Returns the `Authorization` header.
async fn sign_in_to_moonraker(moonraker: &Moonraker, origin: &PrinterOrigin<'_>) -> Result<String> {
    let user = json!({"username": USER.0, "password": USER.1});
    let post = |path: &str| {
        let request = origin.request(Method::POST, path);
        request.header("Content-Type", "application/json").body(user.to_string())
    };
    let made = post("/access/user").header("X-Api-Key", moonraker.api_key()).send().await?;
    made.error_for_status()?;
    let login: Value = post("/access/login").send().await?.error_for_status()?.json().await?;
    let login = login.get("result").context("no result")?;
    Ok(format!("Bearer {}", text(login, "token")?))
}
