//! One person's share of a tunnel.

use std::time::Duration;

use axum::body::Body;
use http::Method;
use printer::Level;
use tokio::time::timeout;

use crate::workshop::{Workshop, soon};

// covers: RL-7
#[tokio::test]
async fn one_viewer_takes_all_streams_and_another_still_gets_one() {
    let workshop = Workshop::new().await;
    let label = workshop.label().await;
    let host = format!("{label}.localhost:3443");
    let mut greedy = workshop.ada_at_the_printer().await;
    let mut held = Vec::new();
    for _ in 0..64 {
        let request = greedy.own(Method::GET, &host, "/stream").body(Body::empty()).unwrap();
        held.push(soon(greedy.open(request)).await);
    }
    let ben = workshop.other("ben@example.org", Some(Level::Controls)).await;
    let mut other = workshop.signed_in(&ben).await;
    assert_eq!(soon(other.enter(&label, "/")).await.status, 200);
    let request = greedy.navigation(&host, "/").body(Body::empty()).unwrap();
    let mut one_more = Box::pin(greedy.open(request));
    assert!(timeout(Duration::from_millis(50), &mut one_more).await.is_err());
    drop(held);
    assert_eq!(soon(one_more).await.status(), 200);
}
