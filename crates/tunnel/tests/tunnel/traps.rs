//! The ways in which HTTP/2 libraries let one visitor harm all others, each as it was first seen
//! to happen. With the library's own settings, or without the code that the table names, the test
//! beside it fails.
//!
//! | trap | what answers it | tests |
//! |---|---|---|
//! | unread bytes fill the connection's window | `Limits::connection_window` | [`stalled_viewers_257_delay_nobody`], `stalled_viewers_on_every_stream_but_one_delay_nobody` |
//! | cancels that the agent hasn't looked at | `RESETS_BEFORE_ACCEPT`, `HELD_BACK` | [`visitor_cancels_20000_requests_before_their_answer`], `requests_cancelled_while_the_agent_is_busy_do_not_end_the_tunnel` |
//! | bytes under way for cancelled downloads | `Limits::mistakes`, `remembered_resets`, `Resets` | [`visitor_cancels_20000_downloads_half_way`], `downloads_cancelled_half_way_do_not_end_the_tunnel`, `mistakes_of_a_linked_agent_cost_their_own_streams`, `mistakes_of_a_hub_cost_their_own_streams` |
//! | small frames that nobody reads | `Basin` | [`visitors_read_nothing_of_tiny_pieces`], [`printer_reads_nothing_of_tiny_pieces`] |
//! | empty frames | `pump` sends none | `an_empty_piece_of_a_body_is_not_sent`, `an_empty_piece_of_an_answer_is_not_sent` |
//! | oversized headers and lists of them | `bounds` | `an_oversized_header_costs_only_its_own_request`, `odd_requests_cost_only_themselves` |
//! | answers to extended CONNECT | `check_response`, `settings_arrived` | [`any_answer_to_a_websocket_costs_only_itself`], `an_agent_that_allows_no_websockets_is_refused` |
//! | streams that are held for ever | `Slots` | `a_visitor_with_every_stream_leaves_the_emergency_stop_a_way` |
//! | a connection that nobody answers on | `keep_alive` | `a_link_that_dies_silently_is_noticed_by_both_sides_within_18_seconds` |
//! | all of it at once | | [`visitor_tries_everything_to_end_the_tunnel`] |

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use tokio::time::{sleep, timeout};
use tunnel::{Body, Error, Limits, Priority};

use crate::ends::{
    self, AnyBody, Ends, connect, connect_over, empty, fed, full, get, made, request,
};

/// Pieces of this size, without an end.
fn pieces(size: usize) -> AnyBody {
    let piece = Bytes::from(vec![b'x'; size]);
    let pieces = futures_util::stream::repeat_with(move || Ok(Frame::data(piece.clone())));
    StreamBody::new(pieces).boxed_unsync()
}

async fn printer(request: Request<Body>) -> Response<AnyBody> {
    let path = request.uri().path();
    if let Some(status) = path.strip_prefix("/status/") {
        let answer = Response::builder().status(status);
        return answer.body(full("no socket")).unwrap();
    }
    match path {
        "/download" => Response::new(pieces(16 * 1024)),
        "/small" => Response::new(pieces(300)),
        "/never" => std::future::pending().await,
        "/echo" => Response::new(request.into_body().map_err(Into::into).boxed_unsync()),
        "/panic" => panic!("a bug in a handler"),
        "/refuse-upload" => Response::builder().status(413).body(empty()).unwrap(),
        _ => Response::new(full("page")),
    }
}

/// Windows that single bytes fill in a moment. The library then bears 2,056 frames of one byte
/// (half the connection's window, of which each takes 255 bytes), and [`NARROW`] brings 410 at a time.
const SMALL: Limits =
    Limits { streams: 64, reserved: 2, stream_window: 16 * 1024, ..Limits::TUNNEL };

/// What the wire holds, in bytes.
const NARROW: usize = 4 * 1024;

/// Bodies of single bytes, which count what was taken out of them.
#[derive(Clone, Default)]
struct Tiny(Arc<AtomicUsize>);

impl Tiny {
    fn body(&self) -> AnyBody {
        let taken = Arc::clone(&self.0);
        let bytes = futures_util::stream::repeat_with(move || {
            taken.fetch_add(1, Ordering::SeqCst);
            Ok(Frame::data(Bytes::from_static(b"x")))
        });
        StreamBody::new(bytes).boxed_unsync()
    }

    /// Waits until as much was taken as the windows of so many streams let through.
    async fn fill(&self, streams: usize) {
        let all = streams * usize::try_from(SMALL.stream_window).unwrap();
        let filled = async {
            while self.0.load(Ordering::SeqCst) < all {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(Duration::from_mins(1), filled).await.expect("the windows are never full");
    }
}

// covers: RL-7
#[tokio::test]
async fn visitors_read_nothing_of_tiny_pieces() {
    let tiny = Tiny::default();
    let printers = tiny.clone();
    let handler = move |request: Request<Body>| {
        let tiny = (request.uri().path() == "/tiny").then(|| Response::new(printers.body()));
        async move {
            match tiny {
                Some(tiny) => tiny,
                None => printer(request).await,
            }
        }
    };
    let (hub, agent) = tokio::io::duplex(NARROW);
    let ends = connect_over(hub, agent, SMALL, handler).await;
    let mut stalled = Vec::new();
    for _ in 0..4 {
        let hub = ends.hub.clone();
        let visit = tokio::spawn(async move { hub.send(get("/tiny")).await });
        stalled.push(visit.await.unwrap().unwrap());
    }
    tiny.fill(4).await;
    for _ in 0..20 {
        still_works(&ends).await;
    }
    for answer in &mut stalled {
        let bytes = answer.body_mut().frame().await.unwrap().unwrap().into_data().unwrap();
        assert!(bytes.iter().all(|byte| *byte == b'x'));
    }
}

// covers: RL-7
#[tokio::test]
async fn printer_reads_nothing_of_tiny_pieces() {
    let (tiny, (hub, agent)) = (Tiny::default(), tokio::io::duplex(NARROW));
    let ends = connect_over(hub, agent, SMALL, printer).await;
    let upload = |_| {
        let (hub, body) = (ends.hub.clone(), tiny.body());
        tokio::spawn(async move { hub.send(request(Method::POST, "/never", body)).await })
    };
    let uploads: Vec<_> = (0..4).map(upload).collect();
    tiny.fill(4).await;
    for _ in 0..20 {
        still_works(&ends).await;
    }
    assert!(uploads.iter().all(|upload| !upload.is_finished()));
    uploads.iter().for_each(tokio::task::JoinHandle::abort);
}

async fn still_works(ends: &Ends) {
    let page = timeout(Duration::from_mins(1), ends::page(&ends.hub, "/")).await;
    assert_eq!(page.expect("in time").unwrap(), "page");
    assert!(!ends.hub.is_closed() && !ends.agent.is_finished());
}

fn stop() -> Request<AnyBody> {
    let mut stop = get("/stop");
    stop.extensions_mut().insert(Priority::Control);
    stop
}

// covers: RL-7
#[tokio::test(start_paused = true)]
async fn stalled_viewers_257_delay_nobody() {
    let ends = connect(printer).await;
    let asking = (0..300).map(|_| ends.hub.send(get("/download")));
    let asked = futures_util::future::join_all(asking).await;
    let stalled: Vec<_> = asked.iter().filter(|asked| asked.is_ok()).collect();
    assert_eq!(stalled.len(), 240, "the other 16 of 256 streams are for what follows");
    let busy = asked.iter().filter(|asked| matches!(asked, Err(Error::Busy)));
    assert_eq!(busy.count(), 60, "who gets none is told so");
    // Everything that may be unread is unread, and what must get through does.
    sleep(Duration::from_secs(5)).await;
    for _ in 0..100 {
        let answer = ends::read(ends.hub.send(stop()).await.unwrap().into_body());
        let answer = timeout(Duration::from_secs(5), answer).await;
        assert_eq!(answer.expect("unread bytes are in nobody's way").unwrap(), "page");
    }
    drop(asked);
    still_works(&ends).await;
}

// covers: RL-7
#[tokio::test(start_paused = true)]
async fn visitor_cancels_20000_requests_before_their_answer() {
    let seen = Arc::new(AtomicUsize::new(0));
    let counted = seen.clone();
    let (hub, agent, busy) = ends::stalling_wire();
    let handler = move |request: Request<Body>| {
        counted.fetch_add(usize::from(request.uri().path() == "/never"), Ordering::SeqCst);
        printer(request)
    };
    let ends = connect_over(hub, agent, Limits::TUNNEL, handler).await;
    let mut asked = 0;
    while asked < 20_000 {
        // The agent sees a request and its cancellation in the same moment, or just the former.
        busy.send(asked % 480 == 0).unwrap();
        let asking = (0..240).map(|_| ends.hub.send(get("/never")));
        let asking = futures_util::future::join_all(asking);
        assert!(timeout(Duration::from_secs(1), asking).await.is_err());
        asked += 240;
        sleep(Duration::from_secs(1)).await;
        busy.send(false).unwrap();
        sleep(Duration::from_secs(2)).await;
        assert!(!ends.hub.is_closed() && !ends.agent.is_finished(), "after {asked}");
    }
    assert!(seen.load(Ordering::SeqCst) >= 9_000, "{seen:?}");
    sleep(Duration::from_secs(3)).await;
    still_works(&ends).await;
}

// covers: RL-7
#[tokio::test(start_paused = true)]
async fn visitor_cancels_20000_downloads_half_way() {
    let (hub, agent) = tokio::io::duplex(1 << 20);
    let ends = connect_over(hub, agent, Limits::TUNNEL, printer).await;
    let mut cancelled = 0;
    while cancelled < 20_000 {
        let asking = (0..200).map(|_| ends.hub.send(get("/download")));
        let half_way = futures_util::future::join_all(asking).await;
        // Whoever cancels more than can be remembered is made to wait.
        if matches!(half_way.last(), Some(Err(Error::Busy))) {
            sleep(Duration::from_secs(1)).await;
        }
        assert!(!ends.hub.is_closed() && !ends.agent.is_finished(), "after {cancelled}");
        cancelled += half_way.iter().filter(|answer| answer.is_ok()).count();
    }
    sleep(Duration::from_secs(10)).await;
    still_works(&ends).await;
}

// covers: RL-7
#[tokio::test]
async fn any_answer_to_a_websocket_costs_only_itself() {
    let ends = connect(printer).await;
    for status in [200, 201, 204, 301, 304, 400, 403, 426, 500] {
        let (feed, body) = fed();
        let mut socket = ends::websocket(body);
        *socket.uri_mut() = format!("http://agent.internal/status/{status}").parse().unwrap();
        let answer = ends.hub.send(socket).await.unwrap();
        assert_eq!(answer.status(), status);
        drop((feed, answer));
        still_works(&ends).await;
    }
}

/// A visitor's next idea.
async fn attack(ends: &Ends, number: u32, length: usize) {
    let (feed, body) = fed();
    let mut socket = ends::websocket(body);
    *socket.uri_mut() = "http://agent.internal/echo".parse().unwrap();
    let large = || HeaderValue::try_from("x".repeat(4 * length)).unwrap();
    let asked = match number % 10 {
        0 => get("/never"),
        1 => get("/download"),
        2 => get("/small"),
        3 => get("/panic"),
        4 => request(Method::POST, "/refuse-upload", made(length)),
        5 => request(Method::POST, "/never", made(length)),
        6 => socket,
        7 => request(
            Method::from_bytes("M".repeat(length % 64 + 1).as_bytes()).unwrap(),
            "/",
            empty(),
        ),
        8 => {
            let mut asked = get("/echo");
            asked.headers_mut().insert("cookie", large());
            asked
        }
        _ => {
            let mut asked = request(Method::POST, "/echo", made(length));
            asked.headers_mut().insert("content-length", (length + 1).into());
            asked
        }
    };
    let asking = ends.hub.send(asked);
    let answer = timeout(Duration::from_micros(u64::try_from(length).unwrap()), asking).await;
    drop((feed, answer));
}

// covers: RL-7
#[tokio::test(start_paused = true)]
async fn visitor_tries_everything_to_end_the_tunnel() {
    let mut state = 1_u32;
    let mut random = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 8
    };
    let ends = connect(printer).await;
    for round in 0..30 {
        let ideas = (0..50).map(|_| (random(), random() % 100_000));
        let ideas: Vec<_> = ideas.collect();
        let attacks = ideas
            .iter()
            .map(|(number, length)| attack(&ends, *number, usize::try_from(*length).unwrap()));
        futures_util::future::join_all(attacks).await;
        assert!(!ends.hub.is_closed() && !ends.agent.is_finished(), "round {round}");
    }
    sleep(Duration::from_secs(12)).await;
    still_works(&ends).await;
}
