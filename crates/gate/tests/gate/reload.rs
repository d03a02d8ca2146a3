use std::sync::atomic::Ordering;

use gate::HashText;
use reqwest::{RequestBuilder, Response};
use testkit::wait;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

use crate::rig::{PASSWORD, PATIENCE, Rig, status};

/// An answer that goes on for ever.
async fn open(request: RequestBuilder) -> Response {
    let mut stream = request.send().await.unwrap();
    assert_eq!(stream.status(), 200);
    assert!(stream.chunk().await.unwrap().is_some());
    stream
}

async fn ends(mut stream: Response) {
    let ended = async { while let Ok(Some(_)) = stream.chunk().await {} };
    timeout(PATIENCE, ended).await.expect("it goes on");
}

// covers: GT-5
#[tokio::test]
async fn removed_user_keeps_nothing_open() {
    let rig = Rig::outside().await;
    let stream = rig.get("/stream").basic_auth("ada", Some(PASSWORD));
    let mut stream = stream.send().await.unwrap();
    assert!(stream.chunk().await.unwrap().is_some());

    let mut without = rig.settings.clone();
    without.users.clear();
    without.users.insert("bob".to_owned(), HashText(crate::rig::HASH.to_owned()));
    rig.gate.reload(without.config().unwrap()).await.unwrap();
    let ended = async { while let Ok(Some(_)) = stream.chunk().await {} };
    timeout(PATIENCE, ended).await.expect("the stream of a removed user goes on");
    assert_eq!(status(rig.get("/").basic_auth("ada", Some(PASSWORD))).await, 401);
    assert_eq!(status(rig.get("/").basic_auth("bob", Some(PASSWORD))).await, 200);
}

// covers: GT-5
#[tokio::test]
async fn what_waits_for_a_restart_is_named() {
    let rig = Rig::outside().await;
    let waits = async |change: fn(&mut gate::Settings)| {
        let mut changed = rig.settings.clone();
        change(&mut changed);
        rig.gate.reload(changed.config().unwrap()).await.unwrap().join(" ")
    };
    assert_eq!(waits(|settings| settings.inside.push("10.1.0.0/16".to_owned())).await, "");
    assert_eq!(waits(|settings| settings.listen.set_port(1)).await, "listen");
    assert_eq!(waits(|settings| settings.http = Some(settings.listen)).await, "http");
    let proxies = |settings: &mut gate::Settings| {
        settings.trusted_proxies.push("10.1.0.1".to_owned());
        settings.listen.set_port(1);
    };
    assert_eq!(waits(proxies).await, "listen trusted_proxies");
}

// covers: GT-5
#[tokio::test]
async fn a_reload_drops_nobody_who_may_stay() {
    let rig = Rig::outside().await;
    let stream = rig.get("/stream").basic_auth("ada", Some(PASSWORD));
    let mut stream = stream.send().await.unwrap();
    let mut more = rig.settings.clone();
    more.users.insert("bob".to_owned(), HashText(crate::rig::HASH.to_owned()));
    for _ in 0..3 {
        rig.gate.reload(more.config().unwrap()).await.unwrap();
        assert!(timeout(PATIENCE, stream.chunk()).await.unwrap().unwrap().is_some());
    }
    let mut broken = more.config().unwrap();
    broken.otherwise = Some("nowhere".to_owned());
    assert!(rig.gate.reload(broken).await.unwrap_err().to_string().contains("nowhere"));
    assert_eq!(status(rig.get("/").basic_auth("bob", Some(PASSWORD))).await, 200);
    assert!(stream.chunk().await.unwrap().is_some());
}

// covers: GT-5
#[tokio::test]
async fn address_that_is_no_longer_inside_keeps_nothing_open() {
    let rig = Rig::inside().await;
    let stream = open(rig.get("/stream")).await;
    let mut without = rig.settings.clone();
    without.inside.clear();
    rig.gate.reload(without.config().unwrap()).await.unwrap();
    ends(stream).await;
    assert_eq!(status(rig.get("/")).await, 401);
}

// covers: GT-5
#[tokio::test]
async fn changed_password_keeps_nothing_open() {
    // `enchantress-of-numbers`
    const OTHER: &str = "$6$saltsaltsalt$bY./0TPwURRd19db1w6moKEQmAwJ.RgNy2Ro.kUecVC7ZUXyoREspuRUvsiM1ka9ZODoFq8GL.cFiSV50clXJ0";
    let rig = Rig::outside().await;
    let stream = open(rig.get("/stream").basic_auth("ada", Some(PASSWORD))).await;
    let mut changed = rig.settings.clone();
    changed.users.insert("ada".to_owned(), HashText(OTHER.to_owned()));
    rig.gate.reload(changed.config().unwrap()).await.unwrap();
    ends(stream).await;
    assert_eq!(status(rig.get("/").basic_auth("ada", Some(PASSWORD))).await, 401);
}

/// Makers get in, and Grace belongs to this group.
fn makers_only(rig: &Rig, group: &str) -> gate::Config {
    let server = rig.settings.upstream.clone().unwrap().to_string().replace("http://", "");
    let server = server.trim_end_matches('/');
    let file = format!(
        "userlist people\n group makers\n group guests\n user grace insecure-password \
         rear-admiral groups {group}\nlisten l\n mode http\n bind 127.0.0.1:8443 ssl crt x\n \
         http-request auth unless {{ http_auth_group(people) makers }}\n server s {server}\n"
    );
    gate::haproxy::read(&file, None).unwrap().config
}

// covers: GT-3, GT-5
#[tokio::test]
async fn person_who_left_the_group_keeps_nothing_open() {
    let rig = Rig::outside().await;
    rig.gate.reload(makers_only(&rig, "makers")).await.unwrap();
    let stream = open(rig.get("/stream").basic_auth("grace", Some("rear-admiral"))).await;
    rig.gate.reload(makers_only(&rig, "guests")).await.unwrap();
    ends(stream).await;
}

// covers: GT-5
#[tokio::test]
async fn upload_in_the_middle_is_judged_by_new_rules() {
    for stays in [true, false] {
        let rig = Rig::inside().await;
        let mut tls = rig.connect().await;
        let head = format!(
            "POST / HTTP/1.1\r\nHost: localhost:{}\r\nX-Api-Key: k\r\nConnection: close\r\n\
             Content-Length: 10\r\n\r\nhalf ",
            rig.address.port()
        );
        tls.write_all(head.as_bytes()).await.unwrap();
        let begun = async || (rig.begun.load(Ordering::SeqCst) == 1).then_some(());
        wait::until("the upload's beginning", PATIENCE, begun).await.unwrap();
        let mut changed = rig.settings.clone();
        if !stays {
            changed.inside.clear();
        }
        rig.gate.reload(changed.config().unwrap()).await.unwrap();
        if stays {
            tls.write_all(b"more.").await.unwrap();
        }
        let mut answer = Vec::new();
        let _ = timeout(PATIENCE, tls.read_to_end(&mut answer)).await.expect("an answer");
        let answer = String::from_utf8(answer).unwrap();
        let expected = if stays { "HTTP/1.1 200" } else { "HTTP/1.1 403" };
        assert!(answer.starts_with(expected), "{stays}: {answer}");
        let broken =
            async || (rig.broken.load(Ordering::SeqCst) == usize::from(!stays)).then_some(());
        wait::until("the upload's end at the server", PATIENCE, broken).await.unwrap();
    }
}
