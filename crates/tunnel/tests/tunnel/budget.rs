//! Viewers who stop reading, more of them than the hub has memory for.

use std::time::Duration;

use http::{Request, Response};
use http_body_util::BodyExt;
use printer::{AccountId, AgentId, OsRandom, SystemClock};
use tokio::time::{sleep, timeout};
use tunnel::{Allowance, Body, Budget, Limits, Priority, Ride, Rider};

use crate::ends::{AnyBody, Ends, account, connect_within, fed, full, get, made, page, read};

const WINDOW: usize = 256 * 1024;
/// What a window takes in memory, or a little more.
const MEMORY: usize = WINDOW / 16 * 17;
const SOON: Duration = Duration::from_secs(20);
const DOWNLOAD: usize = 2_000_000;

async fn printer(request: Request<Body>) -> Response<AnyBody> {
    Response::new(match request.uri().path() {
        "/download" => made(DOWNLOAD),
        "/byte" => one_byte(),
        _ => full("a page"),
    })
}

/// A byte, and then nothing for ever.
fn one_byte() -> AnyBody {
    let (mut feed, body) = fed();
    tokio::spawn(async move {
        let _ = feed.send_data("x".into()).await;
        std::future::pending::<()>().await;
    });
    body
}

/// A new agent of somebody new.
async fn agent(budget: &Budget) -> Ends {
    connected(budget.allowance(Some(account()), agent_id())).await
}

async fn connected(allowance: Allowance) -> Ends {
    let wire = tokio::io::duplex(64 * 1024);
    connect_within(allowance, wire, Limits::TUNNEL, printer).await
}

fn agent_id() -> AgentId {
    AgentId::new(&SystemClock::new(), &OsRandom)
}

/// Nothing that has to be let go.
struct Nothing;

impl Ride for Nothing {
    fn given_up(&self) {}
}

/// A download for somebody.
async fn download(ends: &Ends, viewer: AccountId) -> Body {
    let mut request = get("/download");
    request.extensions_mut().insert(Rider::new(viewer, Nothing));
    ends.hub.send(request).await.unwrap().into_body()
}

/// A viewer who reads nothing, once all that may come has come: each time somebody else.
async fn stalled(ends: &Ends, budget: &Budget) -> Body {
    stalled_for(account(), ends, budget).await
}

async fn stalled_for(viewer: AccountId, ends: &Ends, budget: &Budget) -> Body {
    let (before, given_up) = (budget.held(), budget.given_up());
    let body = download(ends, viewer).await;
    until(|| budget.held() >= before + WINDOW || budget.given_up() > given_up).await;
    body
}

async fn until(so: impl Fn() -> bool) {
    let waiting = async {
        while !so() {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(SOON, waiting).await.expect("it never happened");
}

/// Reads so many bytes, or a frame more.
async fn read_some(body: &mut Body, bytes: usize) {
    let mut read = 0;
    while read < bytes {
        let frame = timeout(SOON, body.frame()).await.unwrap().unwrap().unwrap();
        read += frame.into_data().map_or(0, |bytes| bytes.len());
    }
}

async fn is_whole(body: Body) -> bool {
    timeout(SOON, read(body)).await.unwrap().is_ok_and(|bytes| bytes.len() == DOWNLOAD)
}

// covers: RL-7
#[tokio::test]
async fn more_stalled_viewers_than_there_is_memory() {
    let budget = Budget::new(4 * MEMORY, usize::MAX);
    let ends = agent(&budget).await;
    let mut viewers = Vec::new();
    for _ in 0..12 {
        viewers.push(stalled(&ends, &budget).await);
        assert!(budget.held() <= 4 * MEMORY + 20 * 1024, "{}", budget.held());
        assert_eq!(page(&ends.hub, "/").await.unwrap(), "a page");
    }
    until(|| budget.held() <= 4 * MEMORY).await;
    // Those who have stalled for longest have paid, and only as many as had to.
    let last = viewers.split_off(9);
    for viewer in viewers.drain(..8) {
        assert!(!is_whole(viewer).await);
    }
    for viewer in last {
        assert!(is_whole(viewer).await, "it had to wait, and nothing more");
    }
    drop(viewers);
    until(|| budget.held() == 0).await;
    assert!(!ends.hub.is_closed());
}

// covers: RL-7
#[tokio::test]
async fn viewer_who_reads_slowly_pays_for_none_who_stall() {
    let budget = Budget::new(4 * MEMORY, usize::MAX);
    let ends = agent(&budget).await;
    let mut slow = stalled(&ends, &budget).await;
    let (mut viewers, mut read) = (Vec::new(), 0);
    for _ in 0..12 {
        // What there is, piece by piece.
        for _ in 0..4 {
            let frame = timeout(SOON, slow.frame()).await.unwrap().unwrap().unwrap();
            read += frame.into_data().unwrap().len();
        }
        viewers.push(stalled(&ends, &budget).await);
    }
    assert!(budget.given_up() >= 8, "{}", budget.given_up());
    drop(viewers);
    let rest = timeout(SOON, slow.collect()).await.unwrap().unwrap().to_bytes();
    assert_eq!(read + rest.len(), DOWNLOAD);
}

// covers: RL-7
#[tokio::test]
async fn bytes_that_come_one_by_one_count_with_the_memory_that_they_take() {
    let budget = Budget::new(usize::MAX, usize::MAX);
    let ends = agent(&budget).await;
    let mut viewers = Vec::new();
    for _ in 0..20 {
        viewers.push(ends.hub.send(get("/byte")).await.unwrap().into_body());
    }
    until(|| budget.held() >= 20 * 256).await;
    for viewer in &mut viewers {
        read_some(viewer, 1).await;
    }
    assert_eq!(budget.held(), 0);
}

// covers: RL-7
#[tokio::test]
async fn memory_for_all_agents_is_spent_by_one() {
    let budget = Budget::new(8 * MEMORY, 8 * MEMORY);
    let (greedy, modest) = (agent(&budget).await, agent(&budget).await);
    let mut viewers = Vec::new();
    for _ in 0..8 {
        viewers.push(stalled(&greedy, &budget).await);
    }
    let mut others = Vec::new();
    for _ in 0..3 {
        others.push(stalled(&modest, &budget).await);
    }
    until(|| budget.held() <= 8 * MEMORY).await;
    assert!(budget.given_up() >= 2, "{}", budget.given_up());
    for viewer in others {
        assert!(is_whole(viewer).await, "an agent pays for another one");
    }
}

// covers: RL-7
#[tokio::test]
async fn agent_redials_to_get_another_budget() {
    let budget = Budget::new(4 * MEMORY, usize::MAX);
    let (owner, agent) = (Some(account()), agent_id());
    let (mut viewers, mut connections) = (Vec::new(), Vec::new());
    for _ in 0..4 {
        let ends = connected(budget.allowance(owner, agent)).await;
        for _ in 0..3 {
            viewers.push(stalled(&ends, &budget).await);
        }
        until(|| budget.held() <= 4 * MEMORY).await;
        connections.push(ends);
    }
    assert!(budget.given_up() >= 8, "{}", budget.given_up());
    let another = connected(budget.allowance(owner, agent_id())).await;
    let other = stalled(&another, &budget).await;
    assert!(budget.held() > 4 * MEMORY, "each agent has one of its own");
    drop((viewers, other));
    until(|| budget.held() == 0).await;
}

// covers: RL-7
#[tokio::test]
async fn owner_of_many_agents_has_one_share_of_the_memory_for_all() {
    let budget = Budget::new(8 * MEMORY, 8 * MEMORY);
    let owner = Some(account());
    let (mut agents, mut viewers) = (Vec::new(), Vec::new());
    for _ in 0..6 {
        let ends = connected(budget.allowance(owner, agent_id())).await;
        viewers.push(stalled(&ends, &budget).await);
        agents.push(ends);
    }
    // Somebody else's only agent has more than any of these, and they have more together.
    let modest = agent(&budget).await;
    let mut others = Vec::new();
    for _ in 0..4 {
        others.push(stalled(&modest, &budget).await);
    }
    until(|| budget.held() <= 8 * MEMORY).await;
    assert!(budget.given_up() >= 2, "{}", budget.given_up());
    for viewer in others {
        assert!(is_whole(viewer).await, "an owner pays for another one");
    }
    drop(viewers);
}

// covers: HZ-5, RL-7
#[tokio::test]
async fn stop_is_answered_when_all_memory_is_spent() {
    let budget = Budget::new(2 * MEMORY, usize::MAX);
    let ends = agent(&budget).await;
    let mut urgent = get("/download");
    urgent.extensions_mut().insert(Priority::Control);
    let urgent = ends.hub.send(urgent).await.unwrap().into_body();
    until(|| budget.held() >= WINDOW).await;
    let mut viewers = Vec::new();
    for _ in 0..6 {
        viewers.push(stalled(&ends, &budget).await);
    }
    drop(viewers);
    assert!(is_whole(urgent).await, "others stalled for less long");
}

// covers: RL-7
#[tokio::test]
async fn viewer_who_pauses_pays_for_nobody_who_leaves_more_unread() {
    let budget = Budget::new(8 * MEMORY, usize::MAX);
    let ends = agent(&budget).await;
    // The longest unread of all, of two people who each leave less than a third one.
    let paused = stalled(&ends, &budget).await;
    let two = account();
    let others = [stalled_for(two, &ends, &budget).await, stalled_for(two, &ends, &budget).await];
    let (greedy, mut left) = (account(), Vec::new());
    for _ in 0..12 {
        left.push(stalled_for(greedy, &ends, &budget).await);
    }
    until(|| budget.held() <= 8 * MEMORY).await;
    assert!(budget.given_up() >= 7, "{}", budget.given_up());
    for viewer in [paused].into_iter().chain(others) {
        assert!(is_whole(viewer).await, "a person pays for another one");
    }
    drop(left);
}

// covers: RL-7
#[tokio::test]
async fn viewer_with_little_is_not_slowed_down_for_one_with_much() {
    let budget = Budget::new(16 * MEMORY, usize::MAX);
    let ends = agent(&budget).await;
    let (greedy, mut viewers) = (account(), Vec::new());
    for _ in 0..9 {
        viewers.push(stalled_for(greedy, &ends, &budget).await);
    }
    let mut reads = download(&ends, account()).await;
    read_some(&mut reads, 2 * WINDOW).await;
    until(|| budget.held() >= 9 * WINDOW + WINDOW * 3 / 4).await;
    drop(viewers);
}

// covers: RL-7
#[tokio::test]
async fn while_memory_is_scarce_less_is_sent_ahead() {
    let budget = Budget::new(4 * MEMORY, usize::MAX);
    let ends = agent(&budget).await;
    let mut viewers = Vec::new();
    let viewer = account();
    for _ in 0..3 {
        viewers.push(stalled_for(viewer, &ends, &budget).await);
    }
    let mut reads = download(&ends, viewer).await;
    let mut bytes = 0;
    while let Some(frame) = timeout(SOON, reads.frame()).await.unwrap() {
        bytes += frame.unwrap().into_data().map_or(0, |bytes| bytes.len());
        if bytes > DOWNLOAD / 2 {
            assert!(budget.held() <= 3 * MEMORY + 64 * 1024, "{}", budget.held());
        }
    }
    assert_eq!((bytes, budget.given_up()), (DOWNLOAD, 0));
    drop(viewers);
}

// covers: RL-7
#[tokio::test]
async fn agent_with_little_is_not_slowed_down_for_one_with_much() {
    let budget = Budget::new(16 * MEMORY, 8 * MEMORY);
    let (greedy, modest) = (agent(&budget).await, agent(&budget).await);
    let mut viewers = Vec::new();
    for _ in 0..5 {
        viewers.push(stalled(&greedy, &budget).await);
    }
    let mut reads = download(&modest, account()).await;
    read_some(&mut reads, 2 * WINDOW).await;
    until(|| budget.held() >= 5 * WINDOW + WINDOW * 3 / 4).await;
    drop(viewers);
}
