//! What a stranger may take of us before anyone knows who it is.

use std::time::Duration;

/// Bounds on connections. The default is what production uses; tests make some of them small.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How long TLS may take from the first byte to the last. 10 s.
    pub handshake: Duration,
    /// How long a request's header may take, and how long a connection may stay without its first
    /// request. Also how long an HTTP/1.1 connection is kept open between requests. 10 s.
    pub slow_header: Duration,
    /// The largest header of a request in bytes, all lines but cookies together; at least 8 KiB.
    /// 32 KiB.
    pub header_bytes: u32,
    /// The most cookies of a request in bytes. They are counted apart, because any page can fill
    /// the cookie jar of another on the same domain: whoever answers drops the foreign ones before
    /// it looks at the size of its own. 256 KiB.
    pub cookie_bytes: u32,
    /// Concurrent HTTP/2 streams per connection. 100, the least that browsers are tuned for.
    pub streams: u32,
    /// Connections in all, upgraded and raw ones included. 8,192.
    pub connections: usize,
    /// Connections per client address (per /64 for IPv6), trusted proxies excepted. 512.
    pub connections_per_address: usize,
    /// Unfinished TLS handshakes per client address (per /64 for IPv6), trusted proxies excepted.
    /// 64.
    pub handshakes_per_address: usize,
    /// How often HTTP/2 asks whether the other side is still there, and how long that may take to
    /// answer. 20 s.
    pub ping: Duration,
    /// How long it may be the visitor's turn, to ask or to take what was answered, without anything
    /// happening. 2 min.
    pub idle: Duration,
    /// How long visitors may stay after another process has taken over the ports. Longer than a
    /// connection of HTTP/1.1 is kept open between requests, so that none is closed under a request
    /// that is on its way. 20 s.
    pub leave: Duration,
    /// How long running requests may take to finish once a stop was asked for. 10 s.
    pub stop: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            slow_header: Duration::from_secs(10),
            header_bytes: 32 * 1024,
            cookie_bytes: 256 * 1024,
            streams: 100,
            connections: 8_192,
            connections_per_address: 512,
            handshakes_per_address: 64,
            ping: Duration::from_secs(20),
            idle: Duration::from_mins(2),
            leave: Duration::from_secs(20),
            stop: Duration::from_secs(10),
        }
    }
}

impl Limits {
    /// Lowers the numbers of connections to what the system lets this process open, so that nobody
    /// can make every other file of it fail to open. Still nobody alone takes all.
    pub(crate) fn fit(&mut self, files: usize) {
        // The rest is for the store, the tunnels and the printers.
        self.connections = self.connections.min(files / 4 * 3);
        self.connections_per_address = self.connections_per_address.min(self.connections / 16);
        self.handshakes_per_address = self.handshakes_per_address.min(self.connections_per_address);
    }

    /// What a connection may have to hold of one request's header, in bytes. HTTP/2 counts 32
    /// bytes more for each field, and browsers send each cookie in a field of its own.
    pub(crate) const fn whole_header(&self) -> u32 {
        self.header_bytes.saturating_add(self.cookie_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What people are told.
    const DOCUMENT: &str = include_str!("../../../docs/limits.md");

    #[test]
    fn the_document_has_these_figures() {
        let limits = Limits::default();
        let many = limits.connections;
        let many = format!("{},{:03}", many / 1000, many % 1000);
        let seconds = |time: Duration| format!("{} s", time.as_secs());
        let kibibytes = |bytes: u32| format!("{} KiB", bytes / 1024);
        for (limit, figure) in [
            ("connections, upgraded ones and agents' included", many),
            ("connections of one network", limits.connections_per_address.to_string()),
            ("unfinished TLS handshakes of one network", limits.handshakes_per_address.to_string()),
            ("time for a TLS handshake", seconds(limits.handshake)),
            (
                "time for a request's header, and until the first request",
                seconds(limits.slow_header),
            ),
            (
                "time in which a later header of HTTP/2 may stay unfinished",
                seconds(limits.ping * 2),
            ),
            (
                "time in which it is the visitor's turn and nothing happens, WebSockets excepted",
                format!("{} min", limits.idle.as_secs() / 60),
            ),
            ("time to answer a ping of HTTP/2, which is sent every 20 s", seconds(limits.ping)),
            (
                "time for visitors to go when another process has the ports (SIGHUP)",
                seconds(limits.leave),
            ),
            ("time for running requests at a stop", seconds(limits.stop)),
            ("requests of one HTTP/2 connection at a time", limits.streams.to_string()),
            ("header, without cookies", kibibytes(limits.header_bytes)),
            ("cookies, before those of others are dropped", kibibytes(limits.cookie_bytes)),
        ] {
            let row = format!("| {limit} | {figure} |");
            assert!(DOCUMENT.contains(&row), "not in docs/limits.md: {row}");
        }
    }

    fn fitted(files: usize) -> [usize; 3] {
        let mut limits = Limits::default();
        limits.fit(files);
        [limits.connections, limits.connections_per_address, limits.handshakes_per_address]
    }

    #[test]
    fn few_files_are_few_connections() {
        assert_eq!(fitted(usize::MAX), [8_192, 512, 64]);
        assert_eq!(fitted(1_024), [768, 48, 48]);
    }
}
