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
const HIDDEN: &str = include_str!("../../testdata/hidden.cfg");
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
        Self::behind(file, "", "").await
    }

    /// With a proxy in front: how haproxy's `bind` says so, and at which address the gate trusts it.
    async fn behind(file: &str, bind: &str, proxy: &str) -> Self {
        let servers = Servers::start().await;
        let file = servers.put_into(file);
        let haproxy = Haproxy::start(|port| without_tls(&file, port, bind)).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let stop = CancellationToken::new();
        let gate = serve(&file, proxy, &folder, stop.clone()).await;
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
fn without_tls(file: &str, port: u16, bind: &str) -> String {
    let kept = file.lines().filter_map(|line| match line.trim() {
        words if words.starts_with("bind ") && words.contains("ssl") => None,
        words if words.starts_with("bind ") => Some(format!("bind 127.0.0.1:{port} {bind}")),
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

async fn serve(file: &str, proxy: &str, folder: &TempDir, stop: CancellationToken) -> SocketAddr {
    let mut config = haproxy::read(file, None).unwrap_or_else(|why| panic!("{why}")).config;
    config.listen = vec![Listen { https: SocketAddr::from(([127, 0, 0, 1], 0)), http: None }];
    config.trusted_proxies = proxy.parse().unwrap();
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

/// Of what stands before the place, nothing is left where the expression isn't bound to the beginning.
// covers: GT-3
#[tokio::test(flavor = "multi_thread")]
async fn paths_are_rewritten_as_haproxy_does() {
    let file = "defaults\n mode http\n timeout connect 5s\n timeout client 15s\n timeout server \
                15s\nfrontend door\n bind :80\n bind :443 ssl crt x.pem\n use_backend bound if { \
                path_beg /bound/ }\n default_backend free\nbackend free\n http-request \
                replace-path /x/(.*) /y/\\1\n server a 127.0.0.1:5000\nbackend bound\n \
                http-request replace-path ^/bound/x/(.*)$ /z/\\1\n server b 127.0.0.1:8080\n";
    let pair = Pair::of(file).await;
    for (path, expected) in [
        ("/x/a", "octoprint /y/a"),
        ("/a/x/b", "octoprint /y/b"),
        ("/a/x/b/x/c?d=/x/e", "octoprint /y/b/x/c?d=/x/e"),
        ("/a/x", "octoprint /a/x"),
        ("/a?b=/x/c", "octoprint /a?b=/x/c"),
        ("/bound/x/a", "webcam /z/a"),
        ("/bound/y/bound/x/a", "webcam /bound/y/bound/x/a"),
    ] {
        let seen = pair.compare(&Visit::new(path, None, true)).await;
        assert_eq!(seen, Seen::Page(expected.to_owned()), "{path}");
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

/// What haproxy makes of addresses of IPv6 in lists of IPv4, and that the gate is never more open.
// covers: GT-3, GT-4
#[tokio::test(flavor = "multi_thread")]
async fn denied_address_of_ipv4_hidden_in_one_of_ipv6() {
    let pair = Pair::behind(HIDDEN, "accept-proxy", "127.0.0.0/8").await;
    for (client, at_haproxy, at_the_gate) in [
        ("192.168.1.7", 200, 200),
        ("203.0.113.7", 403, 403),
        ("198.51.100.7", 401, 401),
        ("::ffff:192.168.1.7", 200, 200),
        ("::ffff:203.0.113.7", 403, 403),
        // 6to4, IPv4-compatible, NAT64: who is denied, at home, and neither.
        ("2002:cb00:7107::1", 403, 403),
        ("::203.0.113.7", 403, 403),
        ("64:ff9b::203.0.113.7", 401, 403),
        ("2002:c0a8:0107::1", 200, 401),
        ("::192.168.1.7", 200, 401),
        ("64:ff9b::192.168.1.7", 401, 401),
        ("2002:c633:6407::1", 401, 401),
        ("2001:db8::cb00:7107", 401, 401),
    ] {
        let visit = Visit::new("/", None, true).behind_a_proxy(client.parse().unwrap());
        let (haproxy, gate) = (pair.haproxy.address(), pair.gate);
        let seen = (visit.plain(haproxy).await.status(), visit.encrypted(gate).await.status());
        assert_eq!(seen, (at_haproxy, at_the_gate), "{client}");
        let openness = [200, 401, 403];
        let place = |status| openness.iter().position(|one| *one == status);
        assert!(place(seen.1) >= place(seen.0), "{client}: the gate is more open");
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
