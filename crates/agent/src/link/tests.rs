//! Linking against a hub on this machine that answers as it is told.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use printer::OsRandom;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tunnel::{ALPN_LINK, serve_with, server_config};
use wire::LinkRefusal;

use super::*;

/// A hub that gives these answers one after the other, the last one for ever.
async fn hub(answers: &'static [LinkAnswer]) -> (Hub, Arc<Mutex<Vec<LinkRequest>>>) {
    let identity = Identity::generate().unwrap();
    let key = identity.public_key().fingerprint();
    let acceptor = TlsAcceptor::from(server_config(&identity, ALPN_LINK).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let questions = Arc::new(Mutex::new(Vec::new()));
    let (heard, count) = (Arc::clone(&questions), Arc::new(AtomicUsize::new(0)));
    let handler = move |request: Request<tunnel::Body>| {
        let (heard, count) = (Arc::clone(&heard), Arc::clone(&count));
        async move {
            assert_eq!(request.uri().path(), wire::LINK_PATH);
            let body = request.into_body().collect().await.unwrap().to_bytes();
            heard.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
            let turn = count.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1);
            let json = serde_json::to_vec(&answers[turn]).unwrap();
            http::Response::new(http_body_util::Full::new(bytes::Bytes::from(json)))
        }
    };
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(io) = acceptor.accept(stream).await {
                let (handler, never) = (handler.clone(), CancellationToken::new());
                tokio::spawn(serve_with(io, Limits::LINK, handler, never));
            }
        }
    });
    let url = format!("https://127.0.0.1:{port}").parse().unwrap();
    let name = "workshop".parse().unwrap();
    let transport = crate::Transport::Auto;
    (Hub { url, key, name, transport, closed: None, next_key: None }, questions)
}

async fn attempt(hub: &Hub, home: &Home) -> Result<Linked, Error> {
    link(home, hub.clone(), "abcd-123456 ", &OsRandom, |_| {}).await
}

fn home() -> (tempfile::TempDir, Home) {
    let data = tempfile::tempdir().unwrap();
    let home = Home::open(data.path()).unwrap();
    (data, home)
}

// covers: LK-1
#[tokio::test]
async fn an_approved_agent_remembers_its_hub() {
    let (hub, questions) = hub(&[LinkAnswer::Waiting, LinkAnswer::Linked { replaces: None }]).await;
    let (_data, home) = home();
    let words = home.identity().unwrap().public_key().fingerprint().words();
    let said = Mutex::new(Vec::new());
    let told = |progress| said.lock().unwrap().push(progress);
    link(&home, hub.clone(), "ABCD-123456", &OsRandom, told).await.unwrap();
    assert_eq!(home.hub().unwrap(), Some(hub));
    assert_eq!(said.into_inner().unwrap(), [Progress::Waiting { words }]);
    let questions = questions.lock().unwrap();
    assert_eq!(questions.len(), 2);
    assert_eq!(
        (questions[0].code.as_str(), questions[0].name.as_str()),
        ("ABCD-123456", "workshop")
    );
}

// covers: LK-1
#[tokio::test]
async fn a_refusal_is_a_sentence_and_leaves_no_trace() {
    for (answers, expected) in [
        (&[LinkAnswer::Refused { reason: LinkRefusal::Code }], "make a new one"),
        (&[LinkAnswer::Refused { reason: LinkRefusal::Declined }], "turned down"),
    ] {
        let (hub, questions) = hub(answers).await;
        let (_data, home) = home();
        let refused = attempt(&hub, &home).await.unwrap_err();
        assert!(refused.to_string().contains(expected), "{refused}");
        assert_eq!(home.hub().unwrap(), None);
        assert_eq!(questions.lock().unwrap()[0].code, "ABCD-123456");
    }
}

// covers: LK-1, RL-6
#[tokio::test]
async fn mitm_hub_at_first_contact() {
    let (attacker, questions) = hub(&[LinkAnswer::Linked { replaces: None }]).await;
    let (_data, home) = home();
    let key = Identity::generate().unwrap().public_key().fingerprint();
    let refused = attempt(&Hub { key, ..attacker }, &home).await.unwrap_err();
    assert!(matches!(refused, Error::WrongHubKey { .. }), "{refused}");
    assert!(questions.lock().unwrap().is_empty(), "the code was told to a stranger");
    assert_eq!(home.hub().unwrap(), None);
}

// covers: LK-1
#[tokio::test]
async fn a_hub_that_is_off_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    let (_data, home) = home();
    let key = Identity::generate().unwrap().public_key().fingerprint();
    let name = "workshop".parse().unwrap();
    let transport = crate::Transport::Auto;
    let hub = Hub { url, key, name, transport, closed: None, next_key: None };
    let refused = attempt(&hub, &home).await.unwrap_err();
    assert!(refused.to_string().contains("can't be reached"), "{refused}");
}
