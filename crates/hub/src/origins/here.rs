//! The names that lead to the machine in front of which a person sits. Every program there answers
//! to `localhost`, and browsers send a name's cookies to all of its ports, so the dashboard has a
//! name of its own, which browsers resolve to the same machine (RFC 6761, section 6.3).

use std::net::IpAddr;

/// The parent of this machine's own names.
pub(super) const LOCALHOST: &str = "localhost";

/// The dashboard's name at the machine itself. No label of a printer is as short.
pub(crate) const HOME: &str = "layerlock.localhost";

/// Whether every program of a machine answers to this name: `localhost`, or a loopback address.
pub(crate) fn is_shared(name: &str) -> bool {
    let literal = name.parse::<IpAddr>();
    name == LOCALHOST || literal.is_ok_and(|address| address.to_canonical().is_loopback())
}

/// Whether a dashboard of this name leads each person to the machine at which they sit.
pub(crate) fn is_here(name: &str) -> bool {
    name == HOME || is_shared(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    // covers: RL-2
    #[test]
    fn every_program_answers_to_localhost() {
        for name in ["localhost", "127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"] {
            assert!(is_shared(name) && is_here(name), "{name}");
        }
        for name in ["192.168.1.5", "octopi.local", "localhost.example", "a.localhost", "fd00::1"] {
            assert!(!is_shared(name) && !is_here(name), "{name}");
        }
        assert!(is_here(HOME) && !is_shared(HOME) && !super::super::is_label("layerlock"));
    }
}
