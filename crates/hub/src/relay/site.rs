//! Which site a request is for. A name that isn't ours is refused before anything else looks at
//! the request (DNS rebinding, SV-3), and a printer's label leads to that printer alone (RL-2).

use std::net::SocketAddr;

use edge::Asked;

use crate::origins::{Origins, Ports, Way, in_url, is_shared};

pub(crate) use crate::origins::is_label;

/// The origin of one printer's own pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PrinterOrigin {
    label: String,
    /// The name, without the port.
    host: String,
    /// `:port`, or nothing for 443.
    port: String,
    /// The host of the dashboard that people are sent to from here.
    dashboard: String,
    /// The dashboard's port, as `port`.
    dashboard_port: String,
    /// Whether other printers share this origin's cookie jar: those at other ports.
    shares_cookies: bool,
}

/// Whose page it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Site {
    /// The hub itself: dashboard and API.
    Hub,
    /// A name that every program of this machine has.
    Shared,
    /// A printer's own origin, if there is such a printer.
    Printer(PrinterOrigin),
}

impl Site {
    /// The site that was asked for; `None` if it is none of ours. `local` is the address at which
    /// the connection arrived.
    pub(crate) fn of(asked: &Asked, origins: &Origins, local: SocketAddr) -> Option<Self> {
        let name = asked.name();
        if let Some(ports) = origins.ports().filter(|ports| ports.are_printers(local.port())) {
            let here = asked.port() == local.port() && origins.is_own(&name, local);
            let label = ports.label(local.port()).filter(|_| here)?;
            return Some(Self::Printer(PrinterOrigin::at_port(ports, label, asked)));
        }
        if let Some((label, way)) = origins.read(&name, local) {
            let port = asked.port_suffix();
            return Some(Self::Printer(PrinterOrigin::new(origins, label, way, port, local)));
        }
        if origins.is_own(&name, local) {
            return Some(Self::Hub);
        }
        is_shared(&name).then_some(Self::Shared)
    }
}

impl PrinterOrigin {
    /// The origin of the printer with this label, named this way.
    pub(crate) fn new(
        origins: &Origins,
        label: &str,
        way: Way,
        port: String,
        local: SocketAddr,
    ) -> Self {
        let (host, dashboard) = (origins.host(label, way), origins.dashboard(way, local));
        let (label, dashboard_port) = (label.to_owned(), port.clone());
        Self { label, host, port, dashboard, dashboard_port, shares_cookies: false }
    }

    /// The origin of the printer with this label, at a port of the dashboard's own host.
    fn at_port(ports: &Ports, label: String, asked: &Asked) -> Self {
        let host = in_url(&asked.name());
        let dashboard_port = match ports.dashboard() {
            None | Some(443) => String::new(),
            Some(port) => format!(":{port}"),
        };
        let (port, dashboard) = (asked.port_suffix(), host.clone());
        Self { label, host, port, dashboard, dashboard_port, shares_cookies: true }
    }

    /// Whether other printers and the dashboard share this origin's cookie jar.
    pub(crate) const fn shares_cookies(&self) -> bool {
        self.shares_cookies
    }

    /// The same, but people are sent to the dashboard under another of the hub's own names.
    pub(crate) fn returning_to(mut self, name: &str) -> Self {
        self.dashboard = in_url(name);
        self
    }

    pub(crate) fn label(&self) -> &str {
        &self.label
    }

    /// The `Host` of this origin, as a browser writes it.
    pub(crate) fn host(&self) -> String {
        format!("{}{}", self.host, self.port)
    }

    /// The origin as a browser writes it in `Origin`.
    pub(crate) fn origin(&self) -> String {
        format!("https://{}", self.host())
    }

    /// The dashboard that belongs to this origin.
    pub(crate) fn dashboard(&self) -> String {
        format!("https://{}{}", self.dashboard, self.dashboard_port)
    }
}

#[cfg(test)]
mod tests {
    use http::{Request, header::HOST};
    use proptest::prelude::*;

    use super::*;

    const LABEL: &str = "abcdefgh234567ij";

    fn site(host: &str) -> Option<Site> {
        let request = Request::get("/").header(HOST, host).body(()).ok()?;
        let asked = Asked::of(&request.into_parts().0)?;
        let config = toml::from_str("names = [\"printers.local\"]").unwrap();
        let origins = Origins::of(&config).unwrap();
        Site::of(&asked, &origins, "192.168.1.5:3443".parse().unwrap())
    }

    fn printer(host: &str) -> PrinterOrigin {
        match site(host) {
            Some(Site::Printer(origin)) => origin,
            other => panic!("no printer's origin: {other:?}"),
        }
    }

    // covers: SV-3
    #[test]
    fn the_hubs_own_names_are_the_dashboard() {
        for host in
            ["layerlock.localhost", "LAYERLOCK.localhost:3443", "192.168.1.5", "printers.local"]
        {
            assert_eq!(site(host), Some(Site::Hub), "{host}");
        }
    }

    // covers: RL-2, AC-3
    #[test]
    fn names_that_every_program_has_are_not_the_dashboard() {
        for host in ["localhost", "LOCALHOST.:3443", "127.0.0.1:3443", "[::1]:3443", "127.1.2.3"] {
            assert_eq!(site(host), Some(Site::Shared), "{host}");
        }
    }

    // covers: SV-3
    #[test]
    fn dns_rebinding() {
        for host in ["evil.example", "192.168.1.6", "localhost.evil.example", "a.localhost", ""] {
            assert_eq!(site(host), None, "{host}");
        }
    }

    // covers: RL-2
    #[test]
    fn a_label_is_a_printers_origin() {
        let origin = printer(&format!("{LABEL}.localhost:3443"));
        assert_eq!(origin.origin(), format!("https://{LABEL}.localhost:3443"));
        assert_eq!(origin.dashboard(), "https://layerlock.localhost:3443");
        assert_eq!(printer(&format!("{LABEL}.localhost:443")).host(), format!("{LABEL}.localhost"));
    }

    // covers: RL-2
    #[test]
    fn a_published_name_is_a_printers_origin() {
        let origin = printer(&format!("LL-{LABEL}.local:3443"));
        assert_eq!(origin.origin(), format!("https://ll-{LABEL}.local:3443"));
        assert_eq!(origin.dashboard(), "https://192.168.1.5:3443");
        assert_eq!(origin.returning_to("fd00::5").dashboard(), "https://[fd00::5]:3443");
    }

    proptest! {
        #[test]
        fn any_host_is_read_or_refused(host in "[ -~]{0,40}") {
            let _ = site(&host);
        }
    }
}
