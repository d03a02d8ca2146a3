//! The rigs themselves work: everything else is judged with them.
#![expect(clippy::unwrap_used, reason = "a test states what it expects")]

use serde_json::json;
use testkit::{camera::Camera, octoprint::OctoPrint};

#[tokio::test]
async fn octoprint_runs_with_its_virtual_printer_and_ends_with_its_owner() {
    let camera = Camera::start().await.unwrap();
    let octoprint = OctoPrint::start(&camera.url()).await.unwrap();

    let version = octoprint.api("/api/version").await.unwrap();
    assert!(version["server"].as_str().unwrap().starts_with("1.11"), "{version}");
    let settings = octoprint.api("/api/settings").await.unwrap();
    assert_eq!(settings["webcam"]["streamUrl"], "/webcam/?action=stream");

    for (user, password) in [OctoPrint::ADMIN, OctoPrint::VIEWER] {
        assert_eq!(sign_in(&octoprint, user, password).await, 200, "{user}");
    }
    assert_eq!(sign_in(&octoprint, "admin", "guess").await, 403);

    let (url, pid) = (octoprint.url(), octoprint.pid());
    let directory = octoprint.directory().to_owned();
    drop(octoprint);
    assert!(reqwest::get(url).await.is_err());
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
    assert!(!directory.exists());
}

/// Signs in as OctoPrint's page does: with the token from the cookie of the login page.
async fn sign_in(octoprint: &OctoPrint, user: &str, password: &str) -> u16 {
    let browser = reqwest::Client::builder().cookie_store(true).build().unwrap();
    let page = browser.get(format!("{}/login/", octoprint.url())).send().await.unwrap();
    let token = page.cookies().find(|cookie| cookie.name().starts_with("csrf_token")).unwrap();
    let request = browser
        .post(format!("{}/api/login", octoprint.url()))
        .header("Content-Type", "application/json")
        .header("X-CSRF-Token", token.value())
        .body(json!({"user": user, "pass": password}).to_string());
    request.send().await.unwrap().status().as_u16()
}
