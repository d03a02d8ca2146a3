//! The rigs themselves work: everything else is judged with them.
#![expect(clippy::unwrap_used, reason = "a test states what it expects")]

#[path = "rigs/sockets.rs"]
mod sockets;

use serde_json::json;
use testkit::{
    camera::Camera, moonraker::Moonraker, octoprint::OctoPrint, prusalink::PrusaLink, wait,
};

const SOON: std::time::Duration = std::time::Duration::from_secs(20);

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

#[tokio::test]
async fn moonraker_runs_with_a_printer_that_is_ready() {
    let moonraker = Moonraker::start().await.unwrap();
    let info = moonraker.api("/server/info").await.unwrap();
    assert_eq!(info["result"]["moonraker_version"], "0.11.0", "{info}");
    let url = format!("{}/server/info", moonraker.url());
    assert_eq!(reqwest::get(&url).await.unwrap().status(), 401);

    wait::until("room temperature", SOON, || async {
        let answer = moonraker.api("/printer/objects/query?extruder").await.ok()?;
        let temperature = answer.pointer("/result/status/extruder/temperature")?.as_f64()?;
        (15.0..35.0).contains(&temperature).then_some(())
    })
    .await
    .unwrap();
    let pids = moonraker.pids();
    stays_on_this_machine(&pids, 1);
    drop(moonraker);
    has_ended(&pids);
}

#[tokio::test]
async fn prusalink_runs_with_a_printer_that_is_idle() {
    let prusalink = PrusaLink::start().await.unwrap();
    let version = prusalink.api("/api/version").await.unwrap();
    assert_eq!(version["server"], "0.8.1", "{version}");
    let url = format!("{}/api/version", prusalink.url());
    assert_eq!(reqwest::get(&url).await.unwrap().status(), 401);

    let status = prusalink.api("/api/v1/status").await.unwrap();
    assert_eq!(status["printer"]["temp_nozzle"], 21.5, "{status}");
    let (pid, directory) = (prusalink.pid(), prusalink.directory().to_owned());
    stays_on_this_machine(&[pid], 1);
    drop(prusalink);
    has_ended(&[pid]);
    assert!(!directory.exists());
}

/// The programs have `count` open ports together, all on the loopback.
fn stays_on_this_machine(pids: &[u32], count: usize) {
    let open: Vec<_> = pids.iter().flat_map(|pid| sockets::listening(*pid)).collect();
    assert_eq!(open.len(), count, "{open:?}");
    assert!(open.iter().all(|address| sockets::is_loopback(address)), "{open:?}");
}

fn has_ended(pids: &[u32]) {
    for pid in pids {
        assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists(), "{pid} still runs");
    }
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
