//! How a tunnel begins and how it ends.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use testkit::cable::{Cable, Direction, Weather};
use tokio::{
    io::AsyncWriteExt as _,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;
use tunnel::{Body, Error, Limits, Tunnel};

use crate::ends::{AnyBody, connect, connect_over, fed, full, get, page};

async fn printer(request: Request<Body>) -> Response<AnyBody> {
    if request.uri().path() == "/never" {
        std::future::pending::<()>().await;
    }
    Response::new(full("page"))
}

// covers: RL-7
#[tokio::test(start_paused = true)]
async fn a_link_that_dies_silently_is_noticed_by_both_sides_within_18_seconds() {
    use Direction::{Down, Up};
    for dead in [&[Up, Down], [Up].as_slice(), &[Down]] {
        let cable = Cable::new();
        let (agent, hub) = cable.pipe();
        let ends = connect_over(hub, agent, Limits::TUNNEL, printer).await;
        tokio::time::sleep(Duration::from_hours(1)).await;
        assert_eq!(page(&ends.hub, "/").await.unwrap(), "page", "an idle link lives");

        let waiting = tokio::spawn({
            let hub = ends.hub.clone();
            async move { hub.send(get("/never")).await.map(drop) }
        });
        tokio::time::sleep(Duration::from_secs(1)).await;
        for direction in dead {
            cable.lose(*direction);
        }
        let cut_at = Instant::now();
        ends.hub.closed().await;
        let agent = ends.agent.await.unwrap();
        assert!(cut_at.elapsed() <= Duration::from_secs(18), "{dead:?}: {:?}", cut_at.elapsed());
        // Whoever still hears is told by the other one that it has hung up.
        let hub = ends.driver.await.unwrap();
        assert!(!dead.contains(&Up) || matches!(hub, Err(Error::Silent)), "{dead:?}: {hub:?}");
        assert!(
            !dead.contains(&Down) || matches!(agent, Err(Error::Silent)),
            "{dead:?}: {agent:?}"
        );
        assert!(matches!(waiting.await.unwrap(), Err(Error::Closed)));
        assert!(matches!(page(&ends.hub, "/").await, Err(Error::Closed)));
    }
}

// covers: RL-7
#[tokio::test(start_paused = true)]
async fn a_link_that_falters_for_seven_seconds_is_kept() {
    let cable = Cable::new();
    let (agent, hub) = cable.pipe();
    let ends = connect_over(hub, agent, Limits::TUNNEL, printer).await;
    for _ in 0..20 {
        cable.lose(Direction::Up);
        cable.lose(Direction::Down);
        tokio::time::sleep(Duration::from_secs(7)).await;
        cable.mend();
        assert_eq!(page(&ends.hub, "/").await.unwrap(), "page");
        tokio::time::sleep(Duration::from_millis(5_300)).await;
    }
}

// covers: RL-7
#[tokio::test(start_paused = true)]
async fn a_ping_behind_a_slow_picture_does_not_end_the_link() {
    let cable = Cable::new();
    cable.set(Direction::Up, Weather { rate: Some(10_000), ..Weather::default() });
    let (agent, hub) = cable.pipe();
    let picture = |_: Request<Body>| async { Response::new(full(vec![0; 800_000])) };
    let ends = connect_over(hub, agent, Limits::TUNNEL, picture).await;
    let started = Instant::now();
    assert_eq!(page(&ends.hub, "/").await.unwrap().len(), 800_000);
    assert!(started.elapsed() > Duration::from_mins(1), "the line was slow");
}

// covers: RL-7
#[tokio::test]
async fn a_request_whose_agent_hangs_up_gets_an_honest_error() {
    let ends = connect(printer).await;
    let hub = ends.hub.clone();
    let waiting = tokio::spawn(async move { hub.send(get("/never")).await.map(drop) });
    tokio::task::yield_now().await;
    ends.agent.abort();
    assert!(matches!(waiting.await.unwrap(), Err(Error::Closed)));
    timeout(Duration::from_mins(1), ends.hub.closed()).await.unwrap();
    assert!(ends.hub.is_closed());
    assert!(matches!(page(&ends.hub, "/").await, Err(Error::Closed)));
}

// covers: RL-7
#[tokio::test]
async fn half_an_answer_is_an_error_and_not_an_end() {
    let (mut feed, body) = fed();
    let body = std::sync::Arc::new(std::sync::Mutex::new(Some(body)));
    let ends = connect(move |_| {
        let body = body.lock().unwrap().take().unwrap();
        async move { Response::new(body) }
    })
    .await;
    let mut body = ends.hub.send(get("/")).await.unwrap().into_body();
    feed.send_data(Bytes::from("half")).await.unwrap();
    assert!(body.frame().await.unwrap().is_ok());
    feed.abort("the printer went away".into());
    assert!(matches!(body.frame().await, Some(Err(Error::Reset(_)))));
}

// covers: RL-6
#[tokio::test]
async fn closing_a_tunnel_ends_everything_in_it() {
    let ends = connect(printer).await;
    let hub = ends.hub.clone();
    let waiting = tokio::spawn(async move { hub.send(get("/never")).await.map(drop) });
    tokio::task::yield_now().await;
    ends.hub.close();
    assert!(matches!(waiting.await.unwrap(), Err(Error::Closed)));
    assert!(ends.driver.await.unwrap().is_ok());
    timeout(Duration::from_mins(1), ends.agent).await.expect("the agent sees it").unwrap().ok();
}

// covers: OP-3
#[tokio::test]
async fn an_agent_that_stops_finishes_what_it_began() {
    let (mut feed, body) = fed();
    let body = std::sync::Arc::new(std::sync::Mutex::new(Some(body)));
    let ends = connect(move |_| {
        let body = body.lock().unwrap().take().unwrap();
        async move { Response::new(body) }
    })
    .await;
    let mut body = ends.hub.send(get("/")).await.unwrap().into_body();
    ends.stop_agent.cancel();
    feed.send_data(Bytes::from("last words")).await.unwrap();
    drop(feed);
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "last words");
    assert!(body.frame().await.is_none());
    assert!(timeout(Duration::from_mins(1), ends.agent).await.unwrap().unwrap().is_ok());
    ends.hub.closed().await;
}

// covers: OP-3
#[tokio::test(start_paused = true)]
async fn an_agent_that_stops_waits_no_longer_than_10_seconds() {
    let ends = connect(printer).await;
    let hub = ends.hub.clone();
    let waiting = tokio::spawn(async move { hub.send(get("/never")).await.map(drop) });
    tokio::time::sleep(Duration::from_secs(1)).await;
    ends.stop_agent.cancel();
    let asked = Instant::now();
    assert!(ends.agent.await.unwrap().is_ok());
    assert_eq!(asked.elapsed().as_secs(), 10);
    assert!(waiting.await.unwrap().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_says_nothing_is_given_up() {
    let (io, _silent) = tokio::io::duplex(1 << 16);
    let started = Instant::now();
    assert!(matches!(Tunnel::open(io).await, Err(Error::Silent)));
    assert_eq!(started.elapsed().as_secs(), 10);

    let (io, _silent) = tokio::io::duplex(1 << 16);
    let served = tunnel::serve(io, printer, CancellationToken::new()).await;
    assert!(matches!(served, Err(Error::Silent)));
}

#[tokio::test]
async fn a_peer_that_speaks_something_else_is_refused() {
    for words in ["HTTP/1.1 400 Bad Request\r\n\r\n".to_owned(), "\0".repeat(100)] {
        let (io, mut peer) = tokio::io::duplex(1 << 16);
        peer.write_all(words.as_bytes()).await.unwrap();
        drop(peer);
        assert!(Tunnel::open(io).await.is_err());

        let (io, mut peer) = tokio::io::duplex(1 << 16);
        peer.write_all(words.as_bytes()).await.unwrap();
        assert!(tunnel::serve(io, printer, CancellationToken::new()).await.is_err());
    }
}

// covers: LK-1
#[tokio::test]
async fn linking_uses_the_same_two_ends_with_small_limits() {
    let (agent, hub) = tokio::io::duplex(4096);
    let ends = connect_over(agent, hub, Limits::LINK, printer).await;
    assert_eq!(page(&ends.hub, "/v1/link").await.unwrap(), "page");
}
