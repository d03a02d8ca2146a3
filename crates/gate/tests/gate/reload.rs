use gate::HashText;
use tokio::time::timeout;

use crate::rig::{PASSWORD, PATIENCE, Rig, status};

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
