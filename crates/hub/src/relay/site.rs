//! Which site a request is for. A name that isn't ours is refused before anything else looks at
//! the request (DNS rebinding, SV-3), and a printer's label leads to that printer alone (RL-2).

use std::net::{IpAddr, SocketAddr};

use crate::host::Asked;

/// Length of a printer's label: 16 characters of base32, 80 bits.
pub(crate) const LABEL_LENGTH: usize = 16;

/// The name under which every printer has one of its own.
const PARENT: &str = ".localhost";

/// The origin of one printer's own pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PrinterOrigin {
    label: String,
    /// `:port`, or nothing for 443.
    port: String,
}

/// Whose page it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Site {
    /// The hub itself: dashboard and API.
    Hub,
    /// A printer's own origin, if there is such a printer.
    Printer(PrinterOrigin),
}

impl Site {
    /// The site that was asked for; `None` if it is none of ours. `names` are the hub's own (lower
    /// case), `local` is the address at which the connection arrived.
    pub(crate) fn of(asked: &Asked, names: &[String], local: SocketAddr) -> Option<Self> {
        let name = asked.name();
        if let Some(label) = name.strip_suffix(PARENT) {
            let origin = || Self::Printer(PrinterOrigin::new(label, asked));
            return is_label(label).then(origin);
        }
        let literal = name.parse::<IpAddr>().ok().map(|address| address.to_canonical());
        let ours = name == "localhost"
            || literal == Some(local.ip().to_canonical())
            || names.contains(&name);
        ours.then_some(Self::Hub)
    }
}

impl PrinterOrigin {
    /// The origin of the printer with this label, on the port that the visitor uses.
    pub(crate) fn new(label: &str, asked: &Asked) -> Self {
        Self { label: label.to_owned(), port: asked.port_suffix() }
    }

    pub(crate) fn label(&self) -> &str {
        &self.label
    }

    /// The `Host` of this origin, as a browser writes it.
    pub(crate) fn host(&self) -> String {
        format!("{}{PARENT}{}", self.label, self.port)
    }

    /// The origin as a browser writes it in `Origin`.
    pub(crate) fn origin(&self) -> String {
        format!("https://{}", self.host())
    }

    /// The dashboard that belongs to this origin.
    pub(crate) fn dashboard(&self) -> String {
        format!("https://localhost{}", self.port)
    }
}

/// Whether a text has the form of a printer's label.
pub(crate) fn is_label(text: &str) -> bool {
    text.len() == LABEL_LENGTH && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7'))
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
        Site::of(&asked, &["printers.local".to_owned()], "192.168.1.5:3443".parse().unwrap())
    }

    // covers: SV-3
    #[test]
    fn the_hubs_own_names_are_the_dashboard() {
        for host in ["localhost", "LOCALHOST:3443", "192.168.1.5:3443", "printers.local"] {
            assert_eq!(site(host), Some(Site::Hub), "{host}");
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
        let Some(Site::Printer(origin)) = site(&format!("{LABEL}.localhost:3443")) else {
            panic!("no printer's origin")
        };
        assert_eq!(origin.origin(), format!("https://{LABEL}.localhost:3443"));
        assert_eq!(origin.dashboard(), "https://localhost:3443");
        let Some(Site::Printer(origin)) = site(&format!("{LABEL}.localhost:443")) else {
            panic!("no printer's origin")
        };
        assert_eq!(origin.host(), format!("{LABEL}.localhost"));
    }

    proptest! {
        #[test]
        fn any_host_is_read_or_refused(host in "[ -~]{0,40}") {
            let _ = site(&host);
        }
    }
}
