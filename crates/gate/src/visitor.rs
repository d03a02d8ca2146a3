//! Who asks, and how far the address that they seem to have may be believed: strangers look like
//! people at home when something at home passes their requests on (GT-4).

use std::{net::IpAddr, sync::Arc};

use edge::{Connection, TrustedProxies};
use http::HeaderMap;
use tokio::sync::watch;

use crate::{Surroundings, rules::Doubt};

/// Where a request came from.
#[derive(Clone)]
pub(crate) struct Visitor {
    /// The visitor's own address, or the proxy's that doesn't tell it.
    pub(crate) address: IpAddr,
    asks_for_another: bool,
    surroundings: watch::Receiver<Arc<Surroundings>>,
}

impl Visitor {
    /// Who sent a request with these headers.
    pub(crate) fn of(
        headers: &HeaderMap,
        connection: &Connection,
        trusted: &TrustedProxies,
        surroundings: watch::Receiver<Arc<Surroundings>>,
    ) -> Self {
        Self {
            address: connection.client,
            asks_for_another: asks_for_another(headers, connection, trusted),
            surroundings,
        }
    }

    /// How far the address may be believed now.
    pub(crate) fn doubt(&self) -> Doubt {
        if self.asks_for_another {
            return Doubt::Always;
        }
        self.surroundings.borrow().doubt(self.address)
    }

    /// Waits until this machine's networks are others. Never, once nobody looks at them.
    pub(crate) async fn moved(&mut self) {
        if self.surroundings.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Whether the address is of something that passes requests on. Where it lies makes no difference:
/// at home there are global addresses (IPv6) and those of providers and VPNs (100.64.0.0/10), too.
fn asks_for_another(
    headers: &HeaderMap,
    connection: &Connection,
    trusted: &TrustedProxies,
) -> bool {
    let peer = connection.peer.ip();
    if trusted.contains(peer) {
        // Where a trusted proxy's own address is said to be the visitor's, it said nothing about
        // whom it stands for; and one at home that isn't trusted may be behind it.
        return trusted.contains(connection.client)
            || trusted.client_asks_for_another(headers, peer);
    }
    forward::headers::tell_of_a_proxy(headers)
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    const LOCAL: &str = "192.168.1.5:8443";

    fn doubt(trusted: &str, peer: &str, fields: &[(&str, &str)]) -> Doubt {
        let trusted: TrustedProxies = trusted.parse().unwrap();
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        let peer = std::net::SocketAddr::new(peer.parse().unwrap(), 1);
        let connection = trusted.connection(&headers, peer, LOCAL.parse().unwrap());
        let nothing = watch::Sender::new(Arc::new(Surroundings::default()));
        Visitor::of(&headers, &connection, &trusted, nothing.subscribe()).doubt()
    }

    // covers: GT-4
    #[test]
    fn inside_address_behind_untrusted_proxy() {
        for home in
            ["192.168.1.2", "2001:db8:1::2", "100.64.0.2", "::ffff:100.64.0.2", "203.0.113.2"]
        {
            assert_eq!(doubt("", home, &[("accept", "*/*")]), Doubt::None, "{home}");
            for field in [
                ("x-forwarded-for", "203.0.113.9"),
                ("x-forwarded-proto", "https"),
                ("x-forwarded-host", "printer.example"),
                ("x-client-ip", "203.0.113.9"),
                ("fly-client-ip", "203.0.113.9"),
                ("cf-connecting-ip", "203.0.113.9"),
                ("x_real_ip", "203.0.113.9"),
                ("forwarded", "for=203.0.113.9"),
                ("via", "1.1 squid"),
            ] {
                assert_eq!(doubt("", home, &[field]), Doubt::Always, "{home}: {field:?}");
                assert_eq!(doubt("10.0.0.1", home, &[field]), Doubt::Always, "{home}: {field:?}");
            }
        }
    }

    // covers: GT-4
    #[test]
    fn inside_address_behind_two_proxies_of_which_one_is_trusted() {
        let behind = |claim| doubt("192.168.1.2", "192.168.1.2", &[("x-forwarded-for", claim)]);
        assert_eq!(behind("192.168.1.7"), Doubt::None);
        assert_eq!(behind("203.0.113.9, 192.168.1.7"), Doubt::Always);
        assert_eq!(behind("192.168.1.2"), Doubt::Always);
        assert_eq!(doubt("192.168.1.2", "192.168.1.2", &[]), Doubt::Always);
        let told = [("x-forwarded-for", "192.168.1.7"), ("via", "1.1 nginx")];
        assert_eq!(doubt("192.168.1.2", "192.168.1.2", &told), Doubt::None);
    }
}
