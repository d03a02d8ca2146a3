//! An agent that was taken over, against its hub. It speaks bare frames, since no library helps
//! it to misbehave.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use testkit::frames::{self, END_STREAM, Kind};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream},
    sync::oneshot,
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use tunnel::{Error, Limits, Tunnel};

use crate::ends::{empty, get};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, size @ ..] = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&size, [kind, flags].as_slice(), &stream.to_be_bytes(), payload].concat()
}

/// "Extended CONNECT is welcome, and so are 256 streams."
fn settings() -> Vec<u8> {
    frame(SETTINGS, 0, 0, &[0, 8, 0, 0, 0, 1, 0, 3, 0, 0, 1, 0])
}

/// Answers every request with an empty 200, until told to stop.
async fn behave(io: &mut DuplexStream, mut stop: oneshot::Receiver<()>) {
    io.write_all(&settings()).await.unwrap();
    io.read_exact(&mut [0; 24]).await.unwrap();
    let mut head = [0; 9];
    loop {
        tokio::select! {
            biased;
            _ = &mut stop => return,
            read = io.read_exact(&mut head) => drop(read.unwrap()),
        }
        let [a, b, c, kind, flags, stream @ ..] = head;
        let size = u32::from_be_bytes([0, a, b, c]);
        io.read_exact(&mut vec![0; usize::try_from(size).unwrap()]).await.unwrap();
        match kind {
            SETTINGS if flags == 0 => io.write_all(&frame(SETTINGS, 1, 0, &[])).await.unwrap(),
            HEADERS => {
                let answer = frame(HEADERS, 5, u32::from_be_bytes(stream), &[0x88]);
                io.write_all(&answer).await.unwrap();
            }
            _ => {}
        }
    }
}

// covers: RL-6
#[tokio::test]
async fn a_hostile_agent_that_revives_forgotten_streams_is_cut_off() {
    const STREAMS: u32 = 2_000;
    let (io, mut agent) = tokio::io::duplex(4096);
    let (stop, stopped) = oneshot::channel();
    let attack = tokio::spawn(async move {
        behave(&mut agent, stopped).await;
        for stream in (0..STREAMS).map(|number| 2 * number + 1) {
            if agent.write_all(&frame(DATA, 0, stream, b"x")).await.is_err() {
                return agent;
            }
        }
        agent // kept open, and nothing is read from it
    });
    let limits = Limits { remembered_resets: 64, slot_wait: Duration::ZERO, ..Limits::TUNNEL };
    let (hub, driver) = Tunnel::open_with(io, limits).await.unwrap();
    let driver = tokio::spawn(driver);
    for _ in 0..STREAMS {
        hub.send(get("/")).await.unwrap();
    }
    stop.send(()).unwrap();
    let end = timeout(Duration::from_mins(1), driver).await.expect("cut off at once").unwrap();
    assert!(matches!(end, Err(Error::Protocol(None))), "{end:?}");
    drop(attack.await.unwrap());
}

/// Answers each request, and then says one word more, which is a mistake.
async fn mistaken(mut io: DuplexStream) {
    let mut head = [0; 9];
    let begun = async {
        io.write_all(&settings()).await?;
        io.read_exact(&mut [0; 24]).await
    };
    begun.await.unwrap();
    while io.read_exact(&mut head).await.is_ok() {
        let [a, b, c, kind, flags, stream @ ..] = head;
        let size = u32::from_be_bytes([0, a, b, c]);
        io.read_exact(&mut vec![0; usize::try_from(size).unwrap()]).await.unwrap();
        let stream = u32::from_be_bytes(stream);
        let answer = match kind {
            SETTINGS if flags == 0 => frame(SETTINGS, 1, 0, &[]),
            HEADERS => [frame(HEADERS, 5, stream, &[0x88]), frame(DATA, 0, stream, b"x")].concat(),
            _ => continue,
        };
        if io.write_all(&answer).await.is_err() {
            return;
        }
    }
}

/// How many of so many requests are answered by an agent that makes a mistake after each one.
async fn answered_by_one_who_errs(limits: Limits, requests: u32) -> u32 {
    let (io, agent) = tokio::io::duplex(4096);
    tokio::spawn(mistaken(agent));
    let (hub, driver) = Tunnel::open_with(io, limits).await.unwrap();
    let driver = tokio::spawn(driver);
    let mut answered = 0;
    while answered < requests && hub.send(get("/")).await.is_ok() {
        answered += 1;
    }
    driver.abort();
    answered
}

// covers: RL-7
#[tokio::test]
async fn mistakes_of_a_linked_agent_cost_their_own_streams() {
    // The library's own bound is 1,024.
    for limits in [Limits::TUNNEL, Limits::BULK] {
        assert_eq!(answered_by_one_who_errs(limits, 1_500).await, 1_500);
    }
}

// covers: RL-6
#[tokio::test]
async fn mistakes_of_a_key_that_is_not_linked_end_the_connection() {
    let answered = answered_by_one_who_errs(Limits::LINK, 200).await;
    assert!((64..70).contains(&answered), "{answered}");
}

/// The same of a hub, which asks and makes mistakes.
async fn answers_to_one_who_errs(limits: Limits, requests: u32) -> u32 {
    let (io, mut hub) = tokio::io::duplex(1 << 16);
    let handler = async |_| http::Response::new(empty());
    let agent = tokio::spawn(tunnel::serve_with(io, limits, handler, CancellationToken::new()));
    let asked = [(":method", "GET"), (":scheme", "http"), (":authority", "a"), (":path", "/")];
    hub.write_all(frames::PREFACE).await.unwrap();
    let (mut received, mut answered) = (Vec::new(), 0);
    'asking: while answered < requests {
        let stream = 2 * answered + 1;
        let _ = hub.write_all(&frames::headers(stream, END_STREAM, &asked)).await;
        loop {
            let frames = frames::parse(&received);
            let is_answered = frames.iter().any(|frame| (frame.0, frame.2) == (HEADERS, stream));
            let read: usize = frames.iter().map(|frame| 9 + frame.3.len()).sum();
            received.drain(..read);
            if is_answered {
                break;
            }
            let more = timeout(Duration::from_mins(1), hub.read_buf(&mut received)).await;
            if !matches!(more.expect("an answer, or an end"), Ok(1..)) {
                break 'asking;
            }
        }
        answered += 1;
        let _ = hub.write_all(&frame(DATA, 0, stream, b"x")).await;
    }
    agent.abort();
    answered
}

// covers: RL-7
#[tokio::test]
async fn mistakes_of_a_hub_cost_their_own_streams() {
    for limits in [Limits::TUNNEL, Limits::BULK] {
        assert_eq!(answers_to_one_who_errs(limits, 1_500).await, 1_500);
    }
}

// covers: RL-7
#[tokio::test]
async fn hub_that_opens_more_streams_than_it_may() {
    const STREAMS: u32 = 256;
    const REFUSED: [u8; 4] = [0, 0, 0, 7];
    let (io, mut hub) = tokio::io::duplex(1 << 20);
    let begun = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&begun);
    let handler = move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        std::future::pending::<http::Response<crate::ends::AnyBody>>()
    };
    let agent = tokio::spawn(tunnel::serve(io, handler, CancellationToken::new()));
    let asked = [(":method", "GET"), (":scheme", "http"), (":authority", "a"), (":path", "/")];
    let asked = (0..=STREAMS).flat_map(|n| frames::headers(2 * n + 1, END_STREAM, &asked));
    hub.write_all(&[frames::PREFACE.to_vec(), asked.collect()].concat()).await.unwrap();
    let mut received = Vec::new();
    let resets = |received: &[u8]| {
        let frames = frames::parse(received).into_iter();
        let resets = frames.filter(|frame| frame.0 == Kind::RstStream as u8);
        resets.map(|(_, _, stream, code)| (stream, code.to_vec())).collect::<Vec<_>>()
    };
    let answered = async {
        while resets(&received).is_empty() || begun.load(Ordering::SeqCst) < STREAMS {
            let read = hub.read_buf(&mut received);
            let _ = timeout(Duration::from_millis(10), read).await;
        }
    };
    timeout(Duration::from_mins(1), answered).await.expect("one is refused, and all others begin");
    assert_eq!(resets(&received), [(2 * STREAMS + 1, REFUSED.to_vec())]);
    assert_eq!(begun.load(Ordering::SeqCst), STREAMS);
    agent.abort();
}

// covers: RL-6
#[tokio::test]
async fn an_agent_that_allows_no_websockets_is_refused() {
    let (io, mut agent) = tokio::io::duplex(4096);
    agent.write_all(&frame(SETTINGS, 0, 0, &[])).await.unwrap();
    drop(agent);
    assert!(Tunnel::open(io).await.is_err());
}

// covers: RL-7
#[tokio::test]
async fn frames_of_nonsense_end_the_connection_with_an_error() {
    for nonsense in [
        frame(DATA, 0, 99, b"for a stream that never was"),
        frame(HEADERS, 4, 2, &[0x88]),
        frame(SETTINGS, 0, 0, &[1]),
        vec![0xff, 0xff, 0xff, DATA, 0, 0, 0, 0, 1],
    ] {
        let (io, mut agent) = tokio::io::duplex(4096);
        agent.write_all(&settings()).await.unwrap();
        let (hub, driver) = Tunnel::open(io).await.unwrap();
        agent.write_all(&nonsense).await.unwrap();
        let end = timeout(Duration::from_mins(1), driver).await.expect("at once");
        assert!(matches!(end, Err(Error::Protocol(_) | Error::Closed)), "{end:?}");
        assert!(hub.is_closed());
    }
}
