use if_addrs::Ifv4Addr;

use super::*;

const ROUTES: &str = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
     eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n\
     eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n";
const ROUTES_V6: &str = "00000000000000000000000000000000 00 00000000000000000000000000000000 00 \
     fd000000000000000000000000000001 00000400 00000001 00000000 00000003 eth0\n\
     fd000000000000000000000000000000 40 00000000000000000000000000000000 00 \
     00000000000000000000000000000000 00000100 00000001 00000000 00000001 eth0\n";

fn interface(name: &str, ip: [u8; 4], prefix: u8) -> Interface {
    let network = Ipv4Net::new(ip.into(), prefix).unwrap();
    let addr =
        Ifv4Addr { ip: ip.into(), netmask: network.netmask(), prefixlen: prefix, broadcast: None };
    Interface {
        name: name.to_owned(),
        addr: IfAddr::V4(addr),
        index: None,
        oper_status: if_addrs::IfOperStatus::Up,
        is_p2p: false,
    }
}

fn home() -> Surroundings {
    let interfaces = [
        interface("lo", [127, 0, 0, 1], 8),
        interface("eth0", [192, 168, 1, 5], 24),
        interface("docker0", [172, 17, 0, 1], 16),
        interface("br-4f1e", [192, 168, 96, 1], 20),
    ];
    Surroundings::of(&interfaces, gateways_v4(ROUTES).chain(gateways_v6(ROUTES_V6)))
}

fn doubt(address: &str) -> Doubt {
    home().doubt(address.parse().unwrap())
}

// covers: GT-4
#[test]
fn gateway_is_inside() {
    for gateway in ["192.168.1.1", "::ffff:192.168.1.1", "fd00::1"] {
        assert_eq!(doubt(gateway), Doubt::UnlessAlone, "{gateway}");
    }
    assert_eq!(doubt("192.168.1.7"), Doubt::None);
}

// covers: GT-4
#[test]
fn docker_bridge_is_inside() {
    for container in ["172.17.0.1", "172.17.0.9", "192.168.97.3", "192.168.1.5", "127.0.0.1", "::1"]
    {
        assert_eq!(doubt(container), Doubt::UnlessAlone, "{container}");
    }
}

// covers: GT-4
#[test]
fn address_of_ipv4_hidden_in_one_of_ipv6() {
    for hidden in ["2002:c0a8:0107::1", "::192.168.1.7", "64:ff9b::c0a8:107"] {
        assert_eq!(doubt(hidden), Doubt::Hidden, "{hidden}");
    }
    for open in ["::ffff:192.168.1.7", "2001:db8::c0a8:107", "fd00::7", "64:ff9b:1::1"] {
        assert_eq!(doubt(open), Doubt::None, "{open}");
    }
}

// covers: GT-4
#[test]
fn who_is_inside_is_said_in_words() {
    let inside = Networks::parse(["192.168.1.0/24", "10.0.0.0/8", "172.17.0.1"]).unwrap();
    let words = home().describe(&inside).join("\n");
    for said in [
        "192.168.1.0 to 192.168.1.255 (this machine's network at eth0)",
        "10.0.0.0 to 10.255.255.255 (no network that this machine is in)",
        "172.17.0.1, listed alone",
        "but not 192.168.1.1,",
        "but not 192.168.1.5,",
    ] {
        assert!(words.contains(said), "{said}\n{words}");
    }
    assert!(!words.contains("but not 172.17.0.1"), "{words}");
    assert!(home().describe(&Networks::default())[0].starts_with("nobody"));
}

#[test]
fn this_machine_has_surroundings() {
    assert_ne!(Surroundings::read().unwrap(), Surroundings::default());
}
