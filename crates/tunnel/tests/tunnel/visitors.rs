//! What one visitor can do to the others who share a tunnel: nothing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tunnel::{Body, Error, Limits, Priority, Ride, Rider};

use crate::ends::{
    self, AnyBody, Ends, connect, connect_over, empty, fed, full, get, made, page, request,
};

/// Answers at once, with an endless download, never, or with something that can't be sent.
async fn printer(request: Request<Body>) -> Response<AnyBody> {
    match request.uri().path() {
        "/download" => Response::new(made_without_end()),
        "/never" => std::future::pending().await,
        "/panic" => panic!("a bug in a handler"),
        "/large-headers" => answer_with("x-large", "x".repeat(100_000)),
        "/broken-length" => answer_with("content-length", "99".to_owned()),
        "/upgrade" => answer_with("upgrade", "websocket".to_owned()),
        "/not-modified" => not_modified(),
        "/refuse-upload" => Response::builder().status(413).body(empty()).unwrap(),
        _ => Response::new(full("page")),
    }
}

fn answer_with(name: &str, value: String) -> Response<AnyBody> {
    Response::builder().header(name, value).body(full("page")).unwrap()
}

fn not_modified() -> Response<AnyBody> {
    let answer = Response::builder().status(StatusCode::NOT_MODIFIED);
    answer.header("content-length", "1234").body(empty()).unwrap()
}

async fn still_works(ends: &Ends) {
    let page = timeout(Duration::from_mins(1), page(&ends.hub, "/")).await;
    assert_eq!(page.expect("in time").unwrap(), "page");
    assert!(!ends.hub.is_closed());
}

fn from_control(mut request: Request<AnyBody>) -> Request<AnyBody> {
    request.extensions_mut().insert(Priority::Control);
    request
}

// covers: RL-7
#[tokio::test]
async fn downloads_cancelled_half_way_do_not_end_the_tunnel() {
    // A wire on which much is under way when the cancelling begins.
    let (hub, agent) = tokio::io::duplex(8 << 20);
    let ends = connect_over(hub, agent, Limits::TUNNEL, printer).await;
    for _ in 0..12 {
        let asking = (0..200).map(|_| ends.hub.send(get("/download")));
        let half_way = futures_util::future::try_join_all(asking).await.unwrap();
        assert_eq!(half_way.len(), 200);
    }
    still_works(&ends).await;
}

// covers: RL-7
#[tokio::test(start_paused = true)]
async fn requests_cancelled_before_their_answer_do_not_end_the_tunnel() {
    let ends = connect(printer).await;
    for _ in 0..2_000 {
        let asking = ends.hub.send(get("/never"));
        assert!(timeout(Duration::from_millis(1), asking).await.is_err());
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    still_works(&ends).await;
}

// covers: RL-7
#[tokio::test(start_paused = true)]
async fn requests_cancelled_while_the_agent_is_busy_do_not_end_the_tunnel() {
    let (hub, agent, busy) = ends::stalling_wire();
    let ends = connect_over(hub, agent, Limits::TUNNEL, printer).await;
    busy.send(true).unwrap();
    let start = tokio::time::Instant::now();
    while start.elapsed() < Duration::from_secs(5) {
        let asking = ends.hub.send(get("/never"));
        assert!(timeout(Duration::from_millis(1), asking).await.is_err());
    }
    busy.send(false).unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    still_works(&ends).await;
}

// covers: RL-7
#[tokio::test(start_paused = true)]
async fn uploads_cancelled_half_way_do_not_end_the_tunnel() {
    let ends = connect(printer).await;
    for _ in 0..500 {
        let asking = ends.hub.send(request(Method::POST, "/never", made(10_000_000)));
        assert!(timeout(Duration::from_millis(1), asking).await.is_err());
    }
    still_works(&ends).await;
}

// covers: RL-7
#[tokio::test]
async fn uploads_that_a_printer_refuses_half_way_do_not_end_the_tunnel() {
    let ends = connect(printer).await;
    for _ in 0..1_500 {
        let upload = request(Method::POST, "/refuse-upload", made(1_000_000));
        assert_eq!(ends.hub.send(upload).await.unwrap().status(), 413);
    }
    still_works(&ends).await;
}

/// Counts the requests that were given up.
struct Counting(Arc<AtomicUsize>);

impl Ride for Counting {
    fn given_up(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

// covers: RL-7
#[tokio::test(start_paused = true)]
async fn visitor_who_cancels_before_the_answer_is_rid_of_the_stream_only_when_the_tunnel_is() {
    let ends = connect(printer).await;
    let given_up = Arc::new(AtomicUsize::new(0));
    let riding = |path| {
        let mut request = get(path);
        request.extensions_mut().insert(Rider::new(ends::account(), Counting(given_up.clone())));
        request
    };
    let riders = || Arc::strong_count(&given_up) - 1;

    ends::read(ends.hub.send(riding("/")).await.unwrap().into_body()).await.unwrap();
    assert_eq!((riders(), given_up.load(Ordering::SeqCst)), (0, 0), "read to its end");
    drop(ends.hub.send(riding("/download")).await.unwrap());
    assert_eq!((riders(), given_up.load(Ordering::SeqCst)), (0, 1), "given up half-way");

    let asking = ends.hub.send(riding("/never"));
    assert!(timeout(Duration::from_millis(1), asking).await.is_err());
    assert_eq!((riders(), given_up.load(Ordering::SeqCst)), (1, 2), "the stream is held back");
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(riders(), 0);
}

// covers: RL-7
#[tokio::test]
async fn a_cancelled_request_ends_at_the_printer_too() {
    let gone = CancellationToken::new();
    let held = gone.clone();
    let ends = connect(move |_| {
        let held = held.clone().drop_guard();
        async move {
            let _held = held;
            std::future::pending().await
        }
    })
    .await;
    let asking = ends.hub.send(get("/"));
    assert!(timeout(Duration::from_millis(20), asking).await.is_err());
    timeout(Duration::from_mins(1), gone.cancelled()).await.expect("the handler was dropped");
    assert!(!ends.agent.is_finished());
}

// covers: RL-7
#[tokio::test]
async fn the_feed_of_a_cancelled_upload_ends() {
    let ends = connect(printer).await;
    let (mut feed, body) = fed();
    let asking = ends.hub.send(request(Method::POST, "/never", body));
    assert!(timeout(Duration::from_millis(20), asking).await.is_err());
    let feeding = async { while feed.send_data(Bytes::from_static(b"x")).await.is_ok() {} };
    timeout(Duration::from_mins(1), feeding).await.expect("the body was dropped");
}

// covers: RL-7
#[tokio::test]
async fn stalled_viewers_on_every_stream_but_one_delay_nobody() {
    let made = Arc::new(AtomicUsize::new(0));
    let count = made.clone();
    let ends = connect(move |request: Request<Body>| {
        let count = count.clone();
        async move {
            match request.uri().path() {
                "/download" => Response::new(counted(made_without_end(), count)),
                _ => printer(request).await,
            }
        }
    })
    .await;
    let mut stalled = Vec::new();
    for viewers in [3, 239] {
        while stalled.len() < viewers {
            stalled.push(ends.hub.send(get("/download")).await.unwrap().into_body());
        }
        until(|| made.load(Ordering::SeqCst) >= viewers * WINDOW).await;
        still_works(&ends).await;
        let most = viewers * (WINDOW + SEND_BUFFER + 100_000);
        assert!(made.load(Ordering::SeqCst) <= most, "nobody hoards what isn't read");
    }
}

const WINDOW: usize = 256 * 1024;
const SEND_BUFFER: usize = 256 * 1024;

fn made_without_end() -> AnyBody {
    let piece = Bytes::from(vec![b'x'; 50_000]);
    let pieces = futures_util::stream::repeat_with(move || Ok(Frame::data(piece.clone())));
    StreamBody::new(pieces).boxed_unsync()
}

/// Counts what is taken from a body.
fn counted(body: AnyBody, count: Arc<AtomicUsize>) -> AnyBody {
    body.map_frame(move |frame| {
        count.fetch_add(frame.data_ref().map_or(0, Bytes::len), Ordering::SeqCst);
        frame
    })
    .boxed_unsync()
}

/// Lets the others run until something is so.
async fn until(is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_mins(1), waiting).await.expect("it came to be so");
}

// covers: RL-7
#[tokio::test(start_paused = true)]
async fn a_visitor_with_every_stream_leaves_the_emergency_stop_a_way() {
    let ends = connect(printer).await;
    let mut cameras = Vec::new();
    for _ in 0..240 {
        cameras.push(ends.hub.send(get("/download")).await.unwrap());
    }
    assert!(matches!(page(&ends.hub, "/").await, Err(Error::Busy)));
    let stop = ends.hub.send(from_control(get("/stop"))).await.unwrap();
    assert_eq!(stop.status(), StatusCode::OK);
    cameras.clear();
    still_works(&ends).await;
}

// covers: RL-7, HZ-5
#[tokio::test(start_paused = true)]
async fn streams_at_the_limit_and_one_past_it() {
    let ends = connect(printer).await;
    let mut open = Vec::new();
    for _ in 0..240 {
        open.push(ends.hub.send(get("/download")).await.unwrap());
    }
    assert!(matches!(ends.hub.send(get("/download")).await, Err(Error::Busy)));
    for _ in 240..256 {
        open.push(ends.hub.send(from_control(get("/download"))).await.unwrap());
    }
    assert!(matches!(ends.hub.send(from_control(get("/download"))).await, Err(Error::Busy)));
    open.truncate(255);
    assert!(ends.hub.send(from_control(get("/"))).await.is_ok(), "one that ended makes room");
}

// covers: RL-7
#[tokio::test(start_paused = true)]
async fn a_thousand_downloads_cancelled_at_once_delay_nobody() {
    let ends = connect(printer).await;
    let begun = tokio::time::Instant::now();
    for _ in 0..1_000 {
        drop(ends.hub.send(get("/download")).await.unwrap());
    }
    still_works(&ends).await;
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

// covers: RL-7
#[tokio::test(start_paused = true)]
async fn a_visitor_who_only_cancels_waits_alone() {
    let (hub, agent) = tokio::io::duplex(1 << 16);
    let limits = Limits { remembered_resets: 20, ..Limits::TUNNEL };
    let ends = connect_over(hub, agent, limits, printer).await;
    for _ in 0..10 {
        drop(ends.hub.send(get("/download")).await.unwrap());
    }
    assert!(matches!(page(&ends.hub, "/").await, Err(Error::Busy)));
    let stop = ends.hub.send(from_control(get("/stop"))).await.unwrap();
    assert_eq!(stop.status(), StatusCode::OK);
    tokio::time::sleep(Duration::from_secs(10)).await;
    still_works(&ends).await;
}

// covers: RL-7
#[tokio::test(start_paused = true)]
async fn an_open_websocket_holds_its_stream_until_both_ends_are_done() {
    let ends = connect(|request: Request<Body>| async move {
        Response::new(request.into_body().map_err(Into::into).boxed_unsync())
    })
    .await;
    let mut open = Vec::new();
    for _ in 0..240 {
        let (feed, body) = fed();
        let socket = ends.hub.send(ends::websocket(body)).await.unwrap();
        open.push((feed, socket));
    }
    assert!(matches!(page(&ends.hub, "/").await, Err(Error::Busy)));
    open.clear();
    assert_eq!(page(&ends.hub, "/").await.unwrap(), "");
}

// covers: RL-7
#[tokio::test]
async fn an_oversized_header_costs_only_its_own_request() {
    let ends = connect(printer).await;
    let mut oversized = get("/");
    oversized.headers_mut().insert("cookie", "x".repeat(300_000).parse().unwrap());
    refused(&ends, oversized).await;

    let mut many = get("/");
    for number in 0..5_000 {
        let name = HeaderName::try_from(format!("x-{number}")).unwrap();
        many.headers_mut().insert(name, HeaderValue::from_static("1"));
    }
    refused(&ends, many).await;
    refused(&ends, get(&format!("/{}", "x".repeat(60_000)))).await;
}

// covers: RL-7
#[tokio::test]
async fn headers_just_inside_the_bounds_arrive() {
    let ends = connect(printer).await;
    let mut large = get("/");
    large.headers_mut().insert("cookie", "x".repeat(48 * 1024 - 100).parse().unwrap());
    assert_eq!(ends.hub.send(large).await.unwrap().status(), StatusCode::OK);
}

// covers: RL-7
#[tokio::test]
async fn odd_requests_cost_only_themselves() {
    let ends = connect(printer).await;
    let method = Method::from_bytes("X".repeat(10_000).as_bytes()).unwrap();
    refused(&ends, request(method, "/", empty())).await;
    refused(&ends, request(Method::CONNECT, "/", empty())).await;
    for (name, value) in [
        ("content-length", "-1"),
        ("content-length", "5"),
        ("content-length", "99999999999999999999"),
        ("transfer-encoding", "chunked"),
        ("connection", "close"),
        ("upgrade", "h2c"),
        ("te", "gzip"),
    ] {
        let mut odd = get("/");
        odd.headers_mut().insert(name, HeaderValue::from_static(value));
        refused(&ends, odd).await;
    }
    let mut two = request(Method::POST, "/", full("hello"));
    two.headers_mut().append("content-length", HeaderValue::from_static("5"));
    two.headers_mut().append("content-length", HeaderValue::from_static("6"));
    refused(&ends, two).await;
}

async fn refused(ends: &Ends, request: Request<AnyBody>) {
    assert!(matches!(ends.hub.send(request).await, Err(Error::Invalid(_))));
    still_works(ends).await;
}

// covers: RL-7
#[tokio::test]
async fn a_body_of_another_length_than_announced_is_never_taken_for_whole() {
    let whole = Arc::new(AtomicUsize::new(0));
    let count = whole.clone();
    let ends = connect(move |request: Request<Body>| {
        let count = count.clone();
        async move {
            if ends::read(request.into_body()).await.is_ok() {
                count.fetch_add(1, Ordering::SeqCst);
            }
            Response::new(full("page"))
        }
    })
    .await;
    for length in [4_u64, 6] {
        let mut wrong = request(Method::POST, "/", full("hello"));
        wrong.headers_mut().insert("content-length", length.into());
        let refused = ends.hub.send(wrong).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "by our side: {refused:?}");
    }
    assert_eq!(whole.load(Ordering::SeqCst), 0);
    still_works(&ends).await;
}

// covers: RL-7
#[tokio::test]
async fn an_answer_that_cannot_be_sent_costs_only_its_own_request() {
    let ends = connect(printer).await;
    for path in ["/large-headers", "/upgrade"] {
        let answer = ends.hub.send(get(path)).await.unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_GATEWAY, "{path}");
    }
    assert!(page(&ends.hub, "/broken-length").await.is_err());
    assert!(matches!(page(&ends.hub, "/panic").await, Err(Error::Reset(_))));
    still_works(&ends).await;
}

#[tokio::test]
async fn an_answer_without_a_body_may_name_a_length() {
    let ends = connect(printer).await;
    let answer = ends.hub.send(get("/not-modified")).await.unwrap();
    assert_eq!(answer.headers()["content-length"], "1234");
    assert!(ends::read(answer.into_body()).await.unwrap().is_empty());

    let answer = ends.hub.send(request(Method::HEAD, "/", empty())).await.unwrap();
    assert!(ends::read(answer.into_body()).await.unwrap().is_empty());
    still_works(&ends).await;
}
