//! The targets. Each gets any bytes, and must come back without a panic.

mod agent_files;
mod audit;
mod credentials;
mod edge;
mod form;
mod framing;
mod gate;
mod guard;
mod headers;
mod sockets;
mod tunnel;

/// What it is called, and what it does with an input.
pub(crate) type Target = (&'static str, fn(&[u8]));

/// Every target by its name. `cargo xtask fuzz` reads the names here.
pub(crate) const ALL: &[Target] = &[
    ("printers-toml", agent_files::printers_toml),
    ("base-url", agent_files::base_url),
    ("link-code", credentials::link_code),
    ("secrets", credentials::secrets),
    ("asked", edge::asked),
    ("client-hello", edge::client_hello),
    ("framing", framing::framing),
    ("trusted-proxies", edge::trusted_proxies),
    ("form", form::form),
    ("basic", gate::basic),
    ("request-head", guard::request_head),
    ("request-json", guard::request_json),
    ("emergency-stop", guard::emergency_stop),
    ("socket-message", guard::socket_message),
    ("cookies", headers::cookies),
    ("request-headers", headers::request_headers),
    ("answer-headers", headers::answer_headers),
    ("socket-frames", sockets::frames),
    ("frame-ends", sockets::ends),
    ("relayed", tunnel::relayed),
    ("wire-messages", tunnel::messages),
    ("keys", tunnel::keys),
    ("announcement", audit::announcement),
    ("router-description", audit::description),
    ("router-mapping", audit::mapping),
    ("audit-answer", audit::answer),
    ("certificate", audit::certificate),
    ("printer-version", audit::version),
];

/// Bytes as text, if they are.
fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}
