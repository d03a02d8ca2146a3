use std::net::SocketAddr;

use http::{Request, header::HOST};

use super::*;

const LABEL: &str = "abcdefgh234567ij";

fn origins(text: &str) -> Origins {
    Origins::of(&toml::from_str(text).unwrap()).unwrap()
}

fn domain() -> Origins {
    origins("names = [\"hub.example\"]\n[origins]\ndomain = \"printers.example\"\n")
}

fn lan() -> SocketAddr {
    "192.168.1.5:3443".parse().unwrap()
}

fn asked(host: &str) -> Asked {
    Asked::of(&Request::get("/").header(HOST, host).body(()).unwrap().into_parts().0).unwrap()
}

// covers: RL-2
#[test]
fn each_way_of_naming_is_read_back() {
    for (origins, ways) in [
        (origins(""), vec![Way::Localhost, Way::Mdns]),
        (domain(), vec![Way::Localhost, Way::Domain]),
        (origins("[origins]\nmdns = false"), vec![Way::Localhost]),
    ] {
        let hosts: Vec<_> = ways.iter().map(|way| origins.host(LABEL, *way)).collect();
        assert_eq!(origins.hosts(LABEL), hosts);
        for (host, way) in hosts.iter().zip(ways) {
            assert_eq!(origins.read(host, lan()), Some((LABEL, way)), "{host}");
        }
    }
}

// covers: RL-2, SV-3
#[test]
fn label_under_a_wrong_parent() {
    let confusions = [
        "LABEL.evil.example",
        "LABEL.printers.example.evil.example",
        "LABEL.evilprinters.example",
        "LABEL.x.printers.example",
        "x.LABEL.printers.example",
        "ll-LABEL.printers.example",
        "printers.example",
        ".printers.example",
        "LABELprinters.example",
        "LABEL.hub.example",
        "LABEL.local",
        "ll-LABEL.localhost",
        "ll-LABEL.local.evil.example",
        "LABEL",
    ];
    for origins in [domain(), origins("")] {
        for host in confusions.map(|host| host.replace("LABEL", LABEL)) {
            assert_eq!(origins.read(&host, lan()), None, "{host}");
            assert!(!origins.is_own(&host, lan()), "{host}");
        }
    }
}

// covers: RL-2, SV-3
#[test]
fn dns_rebinding_for_local_names_of_others() {
    for host in ["evil.local", "ll-evil.local", "local", "ll-.local", "xll-abcdefgh234567ij.local"]
    {
        assert_eq!(origins("").read(host, lan()), None, "{host}");
        assert!(!origins("").is_own(host, lan()), "{host}");
    }
}

// covers: RL-2
#[test]
fn published_names_where_none_are_published() {
    let host = format!("ll-{LABEL}.local");
    assert!(origins("").read(&host, lan()).is_some());
    let public = "203.0.113.9:443".parse().unwrap();
    assert_eq!(origins("").read(&host, public), None, "from the internet");
    assert_eq!(origins("[origins]\nmdns = false").read(&host, lan()), None, "switched off");
    assert_eq!(domain().read(&host, lan()), None, "a domain replaces them");
}

// covers: RL-2
#[test]
fn the_dashboards_address_decides_how_printers_are_named() {
    for (origins, host, way) in [
        (origins(""), "layerlock.localhost:3443", Ok(Way::Localhost)),
        (origins("[origins]\nbare_localhost = true"), "localhost:3443", Ok(Way::Localhost)),
        (origins(""), "[::1]:3443", Ok(Way::Localhost)),
        (origins(""), "192.168.1.5:3443", Ok(Way::Mdns)),
        (origins(""), "octopi.local:3443", Ok(Way::Mdns)),
        (origins(""), "octopi:3443", Ok(Way::Mdns)),
        (origins(""), "hub.example", Err(Unavailable::NoDomain)),
        (origins(""), "203.0.113.9", Err(Unavailable::NoDomain)),
        (origins("[origins]\nmdns = false"), "192.168.1.5:3443", Err(Unavailable::MdnsOff)),
        (domain(), "hub.example", Ok(Way::Domain)),
        (domain(), "192.168.1.5:3443", Ok(Way::Domain)),
        (domain(), "127.0.0.1:3443", Ok(Way::Localhost)),
    ] {
        assert_eq!(origins.way(&asked(host)), way, "{host}");
    }
    for (settings, host, way) in [
        ("mdns = false", "192.168.1.5:3443", Way::Port),
        ("", "hub.example", Way::Port),
        ("", "192.168.1.5:3443", Way::Mdns),
        ("", "layerlock.localhost:3443", Way::Localhost),
        ("bare_localhost = true", "127.0.0.1:3443", Way::Port),
    ] {
        let text = format!("[origins]\nports = \"40000-40009\"\n{settings}");
        assert_eq!(origins(&text).way(&asked(host)), Ok(way), "{text} {host}");
    }
    let silent = origins("");
    silent.not_published();
    assert_eq!(silent.way(&asked("192.168.1.5")), Err(Unavailable::NotPublished));
}

// covers: RL-2
#[test]
fn every_printers_origin_knows_one_dashboard() {
    assert_eq!(domain().dashboard(Way::Domain, lan()), "hub.example");
    assert_eq!(origins("").dashboard(Way::Mdns, lan()), "192.168.1.5");
    assert_eq!(origins("").dashboard(Way::Mdns, "[fd00::5]:1".parse().unwrap()), "[fd00::5]");
    assert_eq!(origins("").dashboard(Way::Localhost, lan()), "layerlock.localhost");
    let bare = origins("[origins]\nbare_localhost = true");
    assert_eq!(bare.dashboard(Way::Localhost, lan()), "localhost");
}
