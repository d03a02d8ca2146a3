//! A hub that serves, on the loopback interface.

use std::{net::SocketAddr, time::Duration};

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::house::{ADA, House};

// covers: AC-11, AC-15
#[tokio::test]
async fn what_another_program_ends_in_the_store_ends_here_too() {
    let house = House::new().await;
    let browser = house.signed_in(ADA).await;
    let listed = browser.get("/api/v1/sessions").await.json();
    let session = listed[0]["id"].as_str().unwrap().parse().unwrap();
    let other = house.signed_in(ADA).await.get("/api/v1/sessions").await.json();
    let lease = house.hub.backplane().leases().hold(session);
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let (listeners, shutdown) = (edge::bind(any, None).unwrap(), CancellationToken::new());
    let (hub, stop) = (house.hub.clone(), shutdown.clone());
    let serving = tokio::spawn(async move { hub.serve(listeners, stop).await });
    assert_eq!(other.as_array().unwrap().len(), 2);
    let password = "another-fine-pass-phrase".parse().unwrap();
    house.hub.admin().reset_password(&ADA.parse().unwrap(), &password).await.unwrap();
    timeout(Duration::from_secs(30), lease.ended()).await.expect("the lease ends");
    shutdown.cancel();
    timeout(Duration::from_secs(30), serving).await.expect("the hub stops").unwrap().unwrap();
}
