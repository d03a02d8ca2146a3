use super::*;

fn lan(listening: &str) -> Option<Lan> {
    Lan::of(listening.parse().unwrap())
}

// covers: RL-2
#[test]
fn a_hub_on_loopback_publishes_nothing() {
    for listening in ["127.0.0.1", "::1", "::ffff:127.0.0.1", "203.0.113.9", "2001:db8::1"] {
        assert_eq!(lan(listening), None, "{listening}");
    }
    let announcer = Announcer::new("127.0.0.1:3443".parse().unwrap()).unwrap();
    assert!(announcer.is_none());
}

// covers: RL-2
#[test]
fn names_are_published_on_private_interfaces_only() {
    for listening in ["0.0.0.0", "::", "192.168.1.5"] {
        let lan = lan(listening).unwrap();
        assert!(lan.includes("eth0", "192.168.1.5".parse().unwrap()), "{listening}");
        for (interface, address) in
            [("eth0", "203.0.113.9"), ("lo", "127.0.0.1"), ("docker0", "172.17.0.1")]
        {
            assert!(!lan.includes(interface, address.parse().unwrap()), "{listening} {interface}");
        }
    }
    let only = lan("192.168.1.5").unwrap();
    assert!(!only.includes("eth1", "192.168.2.5".parse().unwrap()));
}

/// Real multicast, in a network of its own that holds nothing else and ends with the test.
#[cfg(target_os = "linux")]
mod namespace {
    use std::{
        collections::HashSet,
        env,
        net::{Ipv4Addr, SocketAddrV4, UdpSocket},
        process::Command,
    };

    use mdns_sd::HostnameResolutionEvent;
    use socket2::{Domain, Protocol, Socket, Type};

    use super::*;

    const INSIDE: &str = "LAYERLOCK_TEST_INSIDE_NETWORK";
    const TEST: &str = "origins::mdns::tests::namespace::names_are_answered_and_withdrawn";
    const LABEL: &str = "abcdefgh234567ij";
    const HOST: &str = "ll-abcdefgh234567ij.local.";
    const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);

    // covers: RL-2
    #[test]
    fn names_are_answered_and_withdrawn() {
        if env::var_os(INSIDE).is_some() {
            return inside();
        }
        let this = env::current_exe().unwrap();
        let output = Command::new("unshare")
            .args(["--map-root-user", "--net", "--"])
            .arg(this)
            .args(["--exact", TEST, "--nocapture"])
            .env(INSIDE, "1")
            .output()
            .expect("`unshare` of util-linux is needed");
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && printed.contains("1 passed"), "{printed}{errors}");
    }

    fn inside() {
        ip(&["link", "set", "lo", "up"]);
        interface("lan0", "192.168.77.5/24");
        interface("lan1", "192.168.78.5/24");
        interface("wan0", "203.0.113.5/24");
        let wan = listen_on("wan0", Ipv4Addr::new(203, 0, 113, 5));
        let second = listen_on("lan1", Ipv4Addr::new(192, 168, 78, 5));
        let visitor = ServiceDaemon::new().unwrap();

        let mut announcer = Announcer::new("192.168.77.5:3443".parse().unwrap()).unwrap().unwrap();
        announcer.set(&[LABEL.to_owned(), "zzzzzzzzzzzzzzzz".to_owned()]).unwrap();
        assert_eq!(resolve(&visitor), ["192.168.77.5".parse().unwrap()].into());

        announcer.set(&["zzzzzzzzzzzzzzzz".to_owned()]).unwrap();
        until_gone(&visitor);
        drop(visitor);
        drop(announcer);
        for socket in [wan, second] {
            assert!(!heard_a_name(&socket), "a name left by another interface");
        }
    }

    /// The addresses that a visitor finds for the name.
    fn resolve(visitor: &ServiceDaemon) -> HashSet<IpAddr> {
        let events = visitor.resolve_hostname(HOST, Some(20_000)).unwrap();
        loop {
            match events.recv_timeout(Duration::from_secs(20)).expect("an answer") {
                HostnameResolutionEvent::AddressesFound(_, found) => {
                    visitor.stop_resolve_hostname(HOST).unwrap();
                    return found.iter().map(mdns_sd::ScopedIp::to_ip_addr).collect();
                }
                HostnameResolutionEvent::SearchTimeout(_) => panic!("the name isn't answered"),
                _ => {}
            }
        }
    }

    /// Waits until nobody answers for the name any more.
    fn until_gone(visitor: &ServiceDaemon) {
        for _ in 0..80 {
            let events = visitor.resolve_hostname(HOST, Some(500)).unwrap();
            let found = events
                .iter()
                .any(|event| matches!(event, HostnameResolutionEvent::AddressesFound(..)));
            if !found {
                return;
            }
            // A cache answers at once, and forgets a second after the goodbye.
            std::thread::sleep(Duration::from_millis(250));
        }
        panic!("the name is still answered");
    }

    /// A socket that hears what is sent by mDNS on one interface.
    fn listen_on(interface: &str, address: Ipv4Addr) -> UdpSocket {
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP)).unwrap();
        socket.set_reuse_address(true).unwrap();
        socket.set_reuse_port(true).unwrap();
        socket.bind_device(Some(interface.as_bytes())).unwrap();
        socket.bind(&SocketAddrV4::new(GROUP, 5353).into()).unwrap();
        socket.join_multicast_v4(&GROUP, &address).unwrap();
        socket.set_nonblocking(true).unwrap();
        socket.into()
    }

    /// Whether any message so far holds a record of the name; a visitor's questions don't count.
    fn heard_a_name(socket: &UdpSocket) -> bool {
        let mut message = [0; 9_000];
        while let Ok(length) = socket.recv(&mut message) {
            let is_answer = message[2] & 0x80 != 0;
            if is_answer && message[..length].windows(16).any(|part| part == LABEL.as_bytes()) {
                return true;
            }
        }
        false
    }

    fn interface(name: &str, address: &str) {
        let far_end = format!("far-{name}");
        ip(&["link", "add", name, "type", "veth", "peer", "name", &far_end]);
        ip(&["link", "set", &far_end, "up"]);
        ip(&["address", "add", address, "dev", name]);
        ip(&["link", "set", name, "up", "multicast", "on"]);
    }

    fn ip(arguments: &[&str]) {
        let status = Command::new("ip").args(arguments).status().expect("`ip` of iproute2");
        assert!(status.success(), "ip {}", arguments.join(" "));
    }
}
