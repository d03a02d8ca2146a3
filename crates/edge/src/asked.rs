//! The host that a request asked for: from the `Host` header in HTTP/1.1, from `:authority` in
//! HTTP/2. Whether it is one of the hub's names is for the dispatcher to judge.

use http::{Uri, header::HOST, request::Parts, uri::Authority};

/// The host and port that a request asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked(Authority);

impl Asked {
    /// Reads it. Two different hosts in one request are none.
    pub fn of(parts: &Parts) -> Option<Self> {
        Self::read(&parts.uri, parts.headers.get_all(HOST).into_iter())
    }

    fn read<'a>(
        uri: &Uri,
        mut headers: impl Iterator<Item = &'a http::HeaderValue>,
    ) -> Option<Self> {
        let header = headers.next();
        if headers.next().is_some() {
            return None;
        }
        let from_header: Option<Authority> = match header {
            Some(value) => Some(value.to_str().ok()?.parse().ok()?),
            None => None,
        };
        let authority = match (uri.authority(), from_header) {
            (Some(one), Some(other)) if *one != other => return None,
            (Some(one), _) => one.clone(),
            (None, other) => other?,
        };
        let is_plain = !authority.as_str().contains('@') && !authority.host().is_empty();
        is_plain.then_some(Self(authority))
    }

    /// The name, in lower case, without the port; an IPv6 address without its brackets.
    pub fn name(&self) -> String {
        let host = self.0.host();
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        bare.unwrap_or(host).trim_end_matches('.').to_ascii_lowercase()
    }

    /// Host and port as they stand in a URL after `https://`.
    pub fn authority(&self) -> String {
        self.0.as_str().to_ascii_lowercase()
    }

    /// The origin of a page that was asked for here.
    pub fn origin(&self) -> String {
        let authority = self.authority();
        format!("https://{}", authority.strip_suffix(":443").unwrap_or(&authority))
    }

    /// The port; 443 if none was named.
    pub fn port(&self) -> u16 {
        self.0.port_u16().unwrap_or(443)
    }

    /// `:port` as it stands in a URL; nothing for 443.
    pub fn port_suffix(&self) -> String {
        match self.0.port_u16() {
            None | Some(443) => String::new(),
            Some(port) => format!(":{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(uri: &str, hosts: &[&str]) -> Option<Asked> {
        let mut request = http::Request::get(uri);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        Asked::of(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn both_versions_of_http_say_where() {
        assert_eq!(asked("/", &["Hub.local:3443"]).unwrap().origin(), "https://hub.local:3443");
        assert_eq!(asked("https://hub.local:3443/", &[]).unwrap().name(), "hub.local");
    }

    #[test]
    fn the_usual_port_is_not_part_of_an_origin() {
        let asked = asked("/", &["hub.example:443"]).unwrap();
        assert_eq!(asked.origin(), "https://hub.example");
        assert_eq!(asked.port_suffix(), "");
    }

    #[test]
    fn two_hosts_are_none() {
        assert_eq!(asked("/", &["a.example", "b.example"]), None);
        assert_eq!(asked("https://a.example/", &["b.example"]), None);
        assert_eq!(asked("/", &["user@a.example"]), None);
        assert_eq!(asked("/", &[]), None);
    }

    #[test]
    fn a_port_alone_is_no_place() {
        assert_eq!(asked(":443", &[]), None);
        assert_eq!(asked("/", &[":443"]), None);
    }
}
