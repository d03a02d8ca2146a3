//! What strangers answer to an audit.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::LazyLock,
};

use audit::{Foreign, fuzzing};
use printer::Timestamp;
use tokio::runtime::{Builder, Runtime};

use super::text;

const ROUTERS: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(192, 168, 1, 1)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 1)),
];

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_time().build().unwrap());

/// Whatever a router says, it sends us to itself.
pub(super) fn announcement(bytes: &[u8]) {
    for sender in ROUTERS {
        let Some((address, path)) = fuzzing::announcement(bytes, sender) else { continue };
        assert!(address.ip() == sender && path.starts_with('/') && path.len() <= 512, "{path}");
    }
}

/// Whatever its description says, it is asked there.
pub(super) fn description(bytes: &[u8]) {
    for router in ROUTERS {
        let control = fuzzing::control(bytes, SocketAddr::new(router, 5000));
        assert!(control.is_none_or(|path| path.starts_with('/')));
    }
}

/// What it calls a mapping is harmless text.
pub(super) fn mapping(bytes: &[u8]) {
    if let Some(mapping) = fuzzing::mapping(bytes) {
        assert!(["tcp", "udp"].contains(&mapping.protocol));
        is_harmless(&mapping.description);
    }
}

/// No more is read than an audit wants.
pub(super) fn answer(bytes: &[u8]) {
    let read = RUNTIME.block_on(fuzzing::answer(bytes.to_vec()));
    assert!(read.is_none_or(|(length, ..)| length <= audit::limits::BODY));
}

/// Who issued a certificate is harmless text.
pub(super) fn certificate(bytes: &[u8]) {
    let now = Timestamp::from_unix_micros(1_750_000_000_000_000);
    if let Some((issuer, _)) = fuzzing::certificate(bytes, now) {
        is_harmless(&issuer);
    }
}

/// A version reads the same after it was written.
pub(super) fn version(bytes: &[u8]) {
    let Some(version) = fuzzing::version(text(bytes)) else { return };
    assert_eq!(fuzzing::version(&version), Some(version));
}

fn is_harmless(text: &Foreign) {
    let text = text.as_str();
    assert!(text.chars().count() <= 81 && !text.contains(char::is_control), "{text:?}");
}
