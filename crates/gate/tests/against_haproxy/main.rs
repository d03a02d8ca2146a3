//! The same requests to a real haproxy and to a gate made of the same file, with the same answers.
//! A gate may ask for a password where haproxy doesn't (a router's address, a page of another
//! site), and these requests are none of those.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that can't go on fails"
)]

mod servers;
mod visitor;

use std::net::SocketAddr;

use gate::{Gate, Listen, Parts, Patience, haproxy};
use printer::{OsRandom, SystemClock};
use servers::Servers;
use tempfile::TempDir;
use testkit::haproxy::Haproxy;
use tokio_util::sync::CancellationToken;
use visitor::{SIGN_IN, Seen, Sends, Visit};

const OCTOPI: &str = include_str!("../../testdata/octopi.cfg");
const ORDERED: &str = include_str!("../../testdata/ordered.cfg");

/// A haproxy and a gate of one file, in front of the same servers.
struct Pair {
    haproxy: Haproxy,
    gate: SocketAddr,
    stop: CancellationToken,
    _servers: Servers,
    _folder: TempDir,
}

impl Pair {
    async fn of(file: &str) -> Self {
        let servers = Servers::start().await;
        let file = servers.put_into(file);
        let haproxy = Haproxy::start(|port| without_tls(&file, port)).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let stop = CancellationToken::new();
        let gate = serve(&file, &folder, stop.clone()).await;
        Self { haproxy, gate, stop, _servers: servers, _folder: folder }
    }

    async fn compare(&self, visit: &Visit) -> Seen {
        let through_haproxy = visit.plain(self.haproxy.address()).await;
        let through_gate = visit.encrypted(self.gate).await;
        assert_eq!(through_gate, through_haproxy, "{visit:?}");
        through_gate
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// For haproxy: one port, and no files of a system that isn't there.
fn without_tls(file: &str, port: u16) -> String {
    let kept = file.lines().filter_map(|line| match line.trim() {
        words if words.starts_with("bind ") && words.contains("ssl") => None,
        words if words.starts_with("bind ") => Some(format!("bind 127.0.0.1:{port}")),
        words
            if ["user haproxy", "group haproxy", "errorfile", "log", "option  httplog"]
                .iter()
                .any(|left_out| words.starts_with(left_out)) =>
        {
            None
        }
        _ => Some(line.to_owned()),
    });
    kept.map(|line| line + "\n").collect()
}

async fn serve(file: &str, folder: &TempDir, stop: CancellationToken) -> SocketAddr {
    let mut config = haproxy::read(file, None).unwrap_or_else(|why| panic!("{why}")).config;
    config.listen = vec![Listen { https: SocketAddr::from(([127, 0, 0, 1], 0)), http: None }];
    let (clock, random) = (std::sync::Arc::new(SystemClock::new()), std::sync::Arc::new(OsRandom));
    let patience = Patience::default();
    let parts = Parts { folder: folder.path(), clock, random, patience };
    let (gate, listeners) = Gate::open(config, parts).await.unwrap();
    let address = Gate::addresses(&listeners).unwrap()[0].https;
    tokio::spawn(async move { gate.serve(listeners, stop).await });
    address
}

const PEOPLE: [Option<(&str, &str)>; 7] = [
    None,
    Some(("ada", "enchantress-of-numbers")),
    Some(("ada", "wrong")),
    Some(("grace", "rear-admiral-1906")),
    Some(("eve", "apple#1")),
    Some(("nobody", "enchantress-of-numbers")),
    Some(("", "")),
];

async fn compare_all(pair: &Pair, paths: &[&str]) -> Vec<Seen> {
    let mut seen = Vec::new();
    for path in paths {
        for person in PEOPLE {
            for inside in [true, false] {
                seen.push(pair.compare(&Visit::new(path, person, inside)).await);
            }
        }
    }
    seen
}

// covers: GT-3, GT-1, GT-2
#[tokio::test(flavor = "multi_thread")]
async fn octopis_file_lets_in_whom_haproxy_lets_in() {
    let pair = Pair::of(OCTOPI).await;
    let paths = [
        "/",
        "/api/version?apikey=x",
        "/webcam/?action=stream",
        "/webcam",
        "/webcam/webcam/x",
        "/WEBCAM/",
        "/jpeg/x",
        "/hls/a.m3u8",
        "/static/webcam/",
    ];
    let seen = compare_all(&pair, &paths).await;
    let count = |wanted: fn(&Seen) -> bool| seen.iter().filter(|seen| wanted(seen)).count();
    assert!(count(|seen| matches!(seen, Seen::Page(_))) > 20);
    assert!(count(|seen| matches!(seen, Seen::Asked(_))) > 20);
    assert!(count(|seen| *seen == Seen::Status(403)) > 5);
}

// covers: GT-3
#[tokio::test(flavor = "multi_thread")]
async fn rules_in_front_and_behind_decide_in_haproxys_order() {
    let pair = Pair::of(ORDERED).await;
    let paths = [
        "/",
        "/public/x",
        "/secret/x",
        "/secret/open",
        "/shut/x",
        "/closed/x.png",
        "/cam/x",
        "/other.json",
        "/x.png",
    ];
    let seen = compare_all(&pair, &paths).await;
    for status in [403, 401] {
        assert!(seen.iter().any(|seen| seen.status() == status), "nobody saw {status}");
    }
}

// covers: GT-3, GT-5
#[tokio::test(flavor = "multi_thread")]
async fn person_of_the_second_list_is_taken_for_a_guesser() {
    let pair = Pair::of(ORDERED).await;
    for _ in 0..10 {
        for path in ["/", "/cam/x"] {
            let seen = pair.compare(&Visit::new(path, Some(("eve", "apple#1")), false)).await;
            assert_eq!(seen.status(), 200, "{path}");
        }
    }
}

// covers: GT-2, GT-3
#[tokio::test(flavor = "multi_thread")]
async fn sign_ins_reach_the_printer_whole_however_their_length_is_told() {
    let pair = Pair::of(OCTOPI).await;
    let all = [Sends::NothingAsPost, Sends::Counted, Sends::InPieces];
    let mut pages = 0;
    for path in ["/api/login", "/access/login", "/webcam/api/login", "/other"] {
        for (sends, (person, inside)) in
            all.into_iter().flat_map(|sends| VISITS.map(|who| (sends, who)))
        {
            let visit = Visit::new(path, person, inside).sending(sends);
            let Seen::Page(page) = pair.compare(&visit).await else { continue };
            let with_body = sends != Sends::NothingAsPost;
            assert_eq!(page.ends_with(SIGN_IN), with_body, "{visit:?}: {page}");
            pages += 1;
        }
    }
    // Whoever is inside, and Ada everywhere but at the camera.
    assert_eq!(pages, 3 * (4 + 3));
}

/// Somebody inside, somebody outside, and Ada outside.
const VISITS: [(Option<(&str, &str)>, bool); 3] =
    [(PEOPLE[0], true), (PEOPLE[0], false), (PEOPLE[1], false)];
