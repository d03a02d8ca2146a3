//! How soon: under a clock that the test moves, so that no machine is too slow or too quick.

use std::time::Duration;

use axum::body::Body;
use http::Method;
use tokio::time::{advance, pause, resume};

use super::{Guest, Loss};
use crate::workshop::{at_once, soon};

/// Lets this much time pass, and lets whoever waited for it act.
async fn pass(guest: &Guest, time: Duration) {
    advance(time).await;
    // What asks the store has its answer when the store has answered another one after it.
    for _ in 0..8 {
        let _ = at_once(guest.workshop.hub.store().ping()).await;
    }
}

// covers: AC-11, PM-2
#[tokio::test]
async fn grant_removed_by_another_program_ends_what_is_open_within_a_second() {
    let mut guest = Guest::new(Loss::GrantRemoved).await;
    let mut open = guest.open_everything().await;
    pause();
    at_once(guest.lose(Loss::GrantRemoved)).await;
    advance(Duration::from_secs(1)).await;
    at_once(open.ends_for_the_visitor("within a second")).await;
    resume();
    soon(guest.hears_the_end()).await;
}

// covers: AC-11
#[tokio::test]
async fn store_that_is_lost_ends_what_is_open_after_three_seconds() {
    let mut guest = Guest::new(Loss::SignedOut).await;
    let mut open = guest.open_everything().await;
    let leases = guest.workshop.hub.backplane().leases().clone();
    pause();
    at_once(guest.workshop.hub.store().close()).await;
    // The last look may have been half a second ago.
    for _ in 0..24 {
        pass(&guest, Duration::from_millis(100)).await;
    }
    assert!(!leases.are_closed() && !open.upload.is_finished(), "a blip ends nothing");
    for _ in 0..11 {
        pass(&guest, Duration::from_millis(100)).await;
    }
    assert!(leases.are_closed());
    at_once(open.ends_for_the_visitor("after 3 seconds")).await;
    let page = at_once(guest.browser.go(&guest.host, "/")).await;
    assert_eq!(page.status, 503, "{}", page.body);
    assert_eq!(page.headers["retry-after"], "5");
    let request = guest.browser.own(Method::GET, super::DASHBOARD, "/api/v1/printers");
    let answer = at_once(guest.browser.send(request, Body::empty())).await;
    assert_eq!(answer.status, 503);
    assert!(answer.body.contains("\"store-silent\""), "{}", answer.body);
    let request = guest.browser.own(Method::GET, super::DASHBOARD, "/healthz");
    assert_eq!(at_once(guest.browser.send(request, Body::empty())).await.status, 200);
    resume();
    soon(guest.hears_the_end()).await;
}
