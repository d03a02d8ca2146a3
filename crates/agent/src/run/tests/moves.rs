//! A hub that is restarted, and an agent that is.

use super::*;

fn post(uri: &str) -> Request<http_body_util::Empty<bytes::Bytes>> {
    Request::post(uri).body(http_body_util::Empty::new()).unwrap()
}

async fn connected(rig: &mut Rig) -> Tunnel {
    let tunnel = rig.accept().await;
    let _ = greet(&tunnel, None).await;
    rig.reaches(|status| *status == Status::Connected).await;
    tunnel
}

// covers: RL-7, OP-3
#[tokio::test(start_paused = true)]
async fn an_agent_that_is_asked_to_connect_anew_keeps_what_is_under_way() {
    let mut rig = start(None);
    let before = connected(&mut rig).await;
    let moved = before.send(post("https://agent.internal/v1/move")).await.unwrap();
    assert_eq!(moved.status(), 204);
    let _after = connected(&mut rig).await;
    let alive = before.send(get("https://agent.internal/v1/events")).await.unwrap();
    assert_eq!(alive.status(), 200, "the connection that was left serves on");
    before.close();
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(*rig.status.borrow(), Status::Connected, "the old connection's end is no loss");
}

// covers: RL-7, OP-3
#[tokio::test(start_paused = true)]
async fn an_agent_with_a_successor_ends_with_its_connection() {
    let mut rig = start(None);
    let tunnel = connected(&mut rig).await;
    rig.leaving.cancel();
    let alive = tunnel.send(get("https://agent.internal/v1/events")).await.unwrap();
    assert_eq!(alive.status(), 200, "it has work to do");
    tunnel.close();
    timeout(DEADLINE, rig.running).await.unwrap().unwrap().unwrap();
    assert!(rig.dialled.recv().await.is_none(), "it dialled again");
}
