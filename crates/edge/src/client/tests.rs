use http::HeaderValue;
use proptest::prelude::*;

use super::*;

fn client(trusted: &str, peer: &str, lines: &[&str]) -> String {
    let trusted: TrustedProxies = trusted.parse().unwrap();
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append("x-forwarded-for", HeaderValue::from_str(line).unwrap());
    }
    trusted.client(&headers, peer.parse::<IpAddr>().unwrap().to_canonical()).0.to_string()
}

// covers: SV-4
#[test]
fn forged_x_forwarded_for_does_not_count() {
    assert_eq!(client("", "203.0.113.9", &["127.0.0.1"]), "203.0.113.9");
    assert_eq!(client("10.0.0.0/8", "203.0.113.9", &["127.0.0.1"]), "203.0.113.9");
    // The attacker's own entry stands left of the one that the proxy wrote.
    assert_eq!(client("10.0.0.2", "10.0.0.2", &["127.0.0.1, 203.0.113.9"]), "203.0.113.9");
    // And so do lines of their own.
    assert_eq!(client("10.0.0.2", "10.0.0.2", &["127.0.0.1", "203.0.113.9"]), "203.0.113.9");
}

// covers: SV-4
#[test]
fn the_right_most_untrusted_hop_wins() {
    let both = "10.0.0.0/8, 2001:db8::/32";
    for (peer, line, expected) in [
        ("10.0.0.2", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.2", "198.51.100.1, 203.0.113.9, 10.0.0.3", "203.0.113.9"),
        ("10.0.0.2", "10.0.0.4,10.0.0.3", "10.0.0.4"),
        ("10.0.0.2", "203.0.113.9:4711", "203.0.113.9"),
        ("10.0.0.2", "[2001:db9::1]:4711", "2001:db9::1"),
        ("2001:db8::5", "2001:db9::1", "2001:db9::1"),
        ("10.0.0.2", "[2001:db9::1]", "2001:db9::1"),
        // Unreadable: the proxy that wrote it is all we know.
        ("10.0.0.2", "203.0.113.9, unknown", "10.0.0.2"),
        ("10.0.0.2", "", "10.0.0.2"),
        ("10.0.0.2", "203.0.113.9,", "10.0.0.2"),
        // IPv4 written as IPv6 is still that IPv4 address.
        ("::ffff:10.0.0.2", "::ffff:203.0.113.9", "203.0.113.9"),
    ] {
        assert_eq!(client(both, peer, &[line]), expected, "{peer} {line}");
    }
}

// covers: SV-4
#[test]
fn trusting_everyone_is_refused() {
    for text in ["0.0.0.0/0", "::/0", "10.0.0.1,1.2.3.4/0", "0.0.0.0/1,128.0.0.0/1"] {
        assert_eq!(text.parse::<TrustedProxies>(), Err(InvalidProxies::Everyone), "{text}");
    }
    let wrong = Err(InvalidProxies::NoNetwork("proxy.lan".to_owned()));
    assert_eq!("10.0.0.1, proxy.lan".parse::<TrustedProxies>(), wrong);
}

// covers: SV-4
#[test]
fn the_default_trusts_nobody() {
    let nobody = TrustedProxies::default();
    for address in ["127.0.0.1", "::1", "10.0.0.1", "203.0.113.9"] {
        assert!(!nobody.contains(address.parse().unwrap()), "{address}");
    }
}

// covers: SV-4
#[test]
fn a_proxy_that_nobody_listed_is_noticed() {
    let local = "192.168.1.5:3443".parse().unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("x-forwarded-for", HeaderValue::from_static("203.0.113.9"));
    for (trusted, peer, noticed) in [
        ("", "192.168.1.2:1", true),
        ("192.168.1.2", "192.168.1.2:1", false),
        ("", "203.0.113.7:1", false),
    ] {
        let trusted: TrustedProxies = trusted.parse().unwrap();
        let connection = trusted.connection(&headers, peer.parse().unwrap(), local);
        assert_eq!(connection.unlisted_proxy, noticed, "{peer}");
    }
    let quiet = TrustedProxies::default().connection(
        &HeaderMap::new(),
        "192.168.1.2:1".parse().unwrap(),
        local,
    );
    assert!(!quiet.unlisted_proxy);
}

// covers: SV-4
#[test]
fn a_client_that_is_a_proxy_itself_is_noticed_behind_a_trusted_one() {
    let trusted: TrustedProxies = "10.0.0.0/8".parse().unwrap();
    for (lines, noticed) in [
        (&["192.168.1.7"][..], false),
        (&["192.168.1.7, 10.0.0.3"], false),
        (&["203.0.113.9, 192.168.1.7"], true),
        (&["203.0.113.9", "192.168.1.7, 10.0.0.3"], true),
        (&["unknown, 192.168.1.7"], true),
        (&[", 192.168.1.7"], false),
        (&["203.0.113.9, , 192.168.1.7"], true),
        (&[], false),
    ] {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", HeaderValue::from_static(line));
        }
        let peer = "::ffff:10.0.0.2".parse().unwrap();
        assert_eq!(trusted.client_asks_for_another(&headers, peer), noticed, "{lines:?}");
    }
}

// covers: SV-4, XA-2
#[test]
fn claims_that_do_not_count_are_told_whoever_makes_them() {
    for (peer, name, claim, told) in [
        ("203.0.113.7:1", "x-forwarded-for", "198.51.100.9", true),
        ("203.0.113.7:1", "forwarded", "for=198.51.100.9", true),
        ("203.0.113.7:1", "x-real-ip", "198.51.100.9", true),
        ("203.0.113.7:1", "cf-connecting-ip", "198.51.100.9", true),
        ("203.0.113.7:1", "x-client-ip", "198.51.100.9", true),
        ("203.0.113.7:1", "client-ip", "198.51.100.9", true),
        ("203.0.113.7:1", "x-cluster-client-ip", "198.51.100.9", true),
        ("203.0.113.7:1", "fly-client-ip", "198.51.100.9", true),
        ("203.0.113.7:1", "via", "1.1 cache.example", true),
        ("192.168.1.2:1", "via", "1.1 door.lan", false),
        ("203.0.113.7:1", "user-agent", "198.51.100.9", false),
        ("192.168.1.3:1", "x-forwarded-for", "198.51.100.9", true),
        // Through a listed proxy, what it says itself counts, and what stands left of it doesn't.
        ("192.168.1.2:1", "x-forwarded-for", "203.0.113.7", false),
        ("192.168.1.2:1", "x-forwarded-for", "198.51.100.9, 203.0.113.7", true),
        ("192.168.1.2:1", "x-forwarded-for", "203.0.113.7, 192.168.1.2", false),
    ] {
        let trusted: TrustedProxies = "192.168.1.2".parse().unwrap();
        let headers = HeaderMap::from_iter([(
            name.parse::<HeaderName>().unwrap(),
            HeaderValue::from_static(claim),
        )]);
        let local = "192.168.1.5:3443".parse().unwrap();
        let connection = trusted.connection(&headers, peer.parse().unwrap(), local);
        assert_eq!(connection.untrusted_claim, told, "{peer} {name}: {claim}");
    }
}

#[test]
fn an_endless_chain_is_not_followed() {
    for (hops, expected) in [(31, "203.0.113.9"), (32, "10.0.0.3"), (5_000, "10.0.0.3")] {
        let line = format!("203.0.113.9,{}", vec!["10.0.0.3"; hops].join(","));
        assert_eq!(client("10.0.0.0/8", "10.0.0.2", &[&line]), expected, "{hops}");
    }
}

proptest! {
    #[test]
    fn any_header_gives_an_address_that_a_trusted_hop_vouched_for(line in "[ -~]{0,120}") {
        let address = client("10.0.0.2", "10.0.0.2", &[&line]);
        let last = line.rsplit(',').next().and_then(address_of_hop);
        let vouched = address == "10.0.0.2" || last.is_some();
        prop_assert!(vouched, "{}", address);
    }

    #[test]
    fn an_untrusted_peer_is_always_itself(line in any::<Vec<u8>>()) {
        if let Ok(value) = HeaderValue::from_bytes(&line) {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", value);
            let trusted: TrustedProxies = "10.0.0.2".parse().unwrap();
            let peer: IpAddr = "203.0.113.9".parse().unwrap();
            prop_assert_eq!(trusted.client(&headers, peer).0, peer);
        }
    }

    #[test]
    fn an_address_is_read_back_however_it_is_written(address: IpAddr, port: u16) {
        let address = address.to_canonical();
        let with_port = SocketAddr::new(address, port).to_string();
        prop_assert_eq!(address_of_hop(&with_port), Some(address));
        prop_assert_eq!(address_of_hop(&address.to_string()), Some(address));
    }
}
