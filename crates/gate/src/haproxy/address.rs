//! Addresses as haproxy writes them: `:80`, `*:80`, `:::443`, `[::]:443`, `127.0.0.1:5000`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The address and port; `None` for anything but one numeric port on one numeric address.
pub(super) fn read(text: &str) -> Option<SocketAddr> {
    let (host, port) = text.rsplit_once(':')?;
    let port = port.parse().ok().filter(|port| *port != 0)?;
    let (six, host) = match host.split_once('@') {
        Some(("ipv4", host)) => (Some(false), host),
        Some(("ipv6", host)) => (Some(true), host),
        Some(_) => return None,
        None => (None, host),
    };
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let address = match host {
        "" | "*" if six == Some(true) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        "" | "*" => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        host => host.parse().ok()?,
    };
    six.is_none_or(|six| six == address.is_ipv6()).then_some(SocketAddr::new(address, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_the_ways_to_write_one() {
        let read = |text| read(text).map(|address| address.to_string());
        for text in [":80", "*:80", "0.0.0.0:80", "ipv4@0.0.0.0:80", "ipv4@:80"] {
            assert_eq!(read(text).as_deref(), Some("0.0.0.0:80"), "{text}");
        }
        for text in [":::443", "[::]:443", "ipv6@:443", "ipv6@*:443", "ipv6@:::443"] {
            assert_eq!(read(text).as_deref(), Some("[::]:443"), "{text}");
        }
        for text in [
            "80",
            ":80-90",
            "/run/haproxy.sock",
            "unix@x",
            "home:80",
            ":0",
            "fd@3",
            "ipv6@127.0.0.1:80",
            "ipv4@[::1]:80",
            "ipv4@ipv6@:80",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
