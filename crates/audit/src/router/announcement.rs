//! SSDP: the question for routers, and where an answer says that more can be read (UPnP Device
//! Architecture 2.0, section 1.3).

use std::net::{IpAddr, SocketAddr};

use http::Uri;

const ROUTERS: &str = "urn:schemas-upnp-org:device:InternetGatewayDevice:1";
const MAX_HEADERS: usize = 32;
const LONGEST_PATH: usize = 512;

/// What to send.
pub(super) fn question(to: SocketAddr) -> String {
    format!(
        "M-SEARCH * HTTP/1.1\r\nHOST: {to}\r\nMAN: \"ssdp:discover\"\r\nMX: 2\r\nST: {ROUTERS}\r\n\r\n"
    )
}

/// Where a router describes itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Announcement {
    /// The router, and the port of its pages.
    pub(super) address: SocketAddr,
    /// The page.
    pub(super) path: String,
}

impl Announcement {
    /// Reads an answer. One that points anywhere but to the machine that sent it is none: an
    /// announcement proves nothing, and would send us wherever it likes.
    pub(super) fn read(datagram: &[u8], sender: IpAddr) -> Option<Self> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        response.parse(datagram).ok()?;
        if response.code != Some(200) {
            return None;
        }
        let named = |name: &str| {
            let line = response.headers.iter().find(|line| line.name.eq_ignore_ascii_case(name));
            line.and_then(|line| std::str::from_utf8(line.value).ok())
        };
        if named("ST")?.trim() != ROUTERS {
            return None;
        }
        let (address, path) = own_page(named("LOCATION")?.trim(), sender)?;
        Some(Self { address, path })
    }
}

/// The address and path of a plain URL on that very machine.
pub(super) fn own_page(url: &str, machine: IpAddr) -> Option<(SocketAddr, String)> {
    let url: Uri = url.parse().ok()?;
    let host: IpAddr = url.host()?.trim_matches(['[', ']']).parse().ok()?;
    // In words, a path begins with a slash, even one of nothing but a query.
    let path = url.path_and_query()?.to_string();
    let same = host.to_canonical() == machine.to_canonical();
    if url.scheme_str() != Some("http") || !same || path.len() > LONGEST_PATH {
        return None;
    }
    Some((SocketAddr::new(machine, url.port_u16().unwrap_or(80)), path))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 168, 1, 1));

    fn answer(location: &str) -> Option<Announcement> {
        let text = format!("HTTP/1.1 200 OK\r\nST: {ROUTERS}\r\nLocation: {location}\r\n\r\n");
        Announcement::read(text.as_bytes(), ROUTER)
    }

    #[test]
    fn a_router_says_where_it_describes_itself() {
        let found = answer("http://192.168.1.1:5000/root.xml").unwrap();
        assert_eq!(found.address.to_string(), "192.168.1.1:5000");
        assert_eq!(found.path, "/root.xml");
        assert_eq!(answer("http://192.168.1.1?root").unwrap().path, "/?root");
    }

    // covers: XA-1
    #[test]
    fn announcement_sends_us_to_another_machine() {
        for elsewhere in [
            "http://169.254.169.254/latest/meta-data/",
            "http://192.168.1.2/root.xml",
            "http://router.local/root.xml",
            "https://192.168.1.1/root.xml",
            "http://192.168.1.1@203.0.113.7/",
            "file:///etc/passwd",
            "/root.xml",
        ] {
            assert_eq!(answer(elsewhere), None, "{elsewhere}");
        }
    }

    #[test]
    fn noise_is_no_router() {
        for noise in
            [&b""[..], b"\xff\xff", b"HTTP/1.1 500 No\r\n\r\n", b"NOTIFY * HTTP/1.1\r\n\r\n"]
        {
            assert_eq!(Announcement::read(noise, ROUTER), None);
        }
    }
}
