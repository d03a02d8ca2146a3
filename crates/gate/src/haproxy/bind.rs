//! Where a frontend listens.

use std::net::SocketAddr;

use super::{address, sections::Line};

/// One place.
#[derive(Debug)]
pub(super) struct Bind {
    pub(super) line: usize,
    pub(super) address: SocketAddr,
    pub(super) tls: bool,
    /// Whether the line wants TLS to be other than the gate's own may be.
    pub(super) own_tls: OwnTls,
}

/// What the gate's own TLS (1.2 and 1.3, and what its library takes for good) is beside the file's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OwnTls {
    /// As strict, or stricter.
    AsStrict,
    /// It also takes TLS 1.2, and the file doesn't.
    Older,
    /// It takes ciphers and curves of its own choice.
    OtherCiphers,
}

/// Options that change nothing about who gets in, with what they take.
const HARMLESS: [(&str, usize); 17] = [
    ("v4v6", 0),
    ("ssl", 0),
    ("crt", 1),
    ("alpn", 1),
    ("npn", 1),
    ("no-sslv3", 0),
    ("no-tlsv10", 0),
    ("no-tlsv11", 0),
    ("no-tls-tickets", 0),
    ("ssl-min-ver", 1),
    ("ciphers", 1),
    ("ciphersuites", 1),
    ("curves", 1),
    ("name", 1),
    ("maxconn", 1),
    ("backlog", 1),
    ("tfo", 0),
];

/// An option and its values.
type Choice<'a> = (&'a str, &'a [&'a str]);

/// Reads `bind ADDRESS[,ADDRESS] [OPTION]...`.
///
/// # Errors
/// A sentence about what the gate can't do.
pub(super) fn read(line: &Line) -> Result<Vec<Bind>, String> {
    let words: Vec<_> = line.words.iter().map(String::as_str).collect();
    let [_, addresses, options @ ..] = words.as_slice() else {
        return Err("A `bind` needs an address.".to_owned());
    };
    let options = with_values(options)?;
    let tls = options.iter().any(|(option, _)| *option == "ssl");
    let own_tls = own_tls(&options)?;
    let bind = |text: &str| {
        let address = address::read(text).ok_or_else(|| {
            format!("The gate listens on numeric addresses and ports, and `{text}` is none.")
        })?;
        Ok(Bind { line: line.number, address, tls, own_tls })
    };
    addresses.split(',').map(bind).collect()
}

/// Whether visitors come with TLS to a `bind` that the gate can read.
pub(super) fn is_tls(line: &Line) -> bool {
    let words: Vec<_> = line.words.iter().map(String::as_str).collect();
    let ["bind", _, options @ ..] = words.as_slice() else { return false };
    with_values(options).is_ok_and(|options| options.iter().any(|(option, _)| *option == "ssl"))
}

fn own_tls(options: &[Choice<'_>]) -> Result<OwnTls, String> {
    let least = options.iter().find(|(option, _)| *option == "ssl-min-ver");
    match least.and_then(|(_, values)| values.first()) {
        Some(&"TLSv1.3") => return Ok(OwnTls::Older),
        None | Some(&("SSLv3" | "TLSv1.0" | "TLSv1.1" | "TLSv1.2")) => {}
        Some(_) => return Err("The gate doesn't know this `ssl-min-ver`.".to_owned()),
    }
    let ciphers = |(option, _): &Choice<'_>| ["ciphers", "ciphersuites", "curves"].contains(option);
    Ok(if options.iter().any(ciphers) { OwnTls::OtherCiphers } else { OwnTls::AsStrict })
}

/// The options and their values. A value may be called like an option.
fn with_values<'a>(mut options: &'a [&'a str]) -> Result<Vec<Choice<'a>>, String> {
    let mut found = Vec::new();
    while let [option, rest @ ..] = options {
        let known = HARMLESS.iter().find(|(name, _)| name == option);
        let Some((_, takes)) = known else {
            return Err(format!("The gate doesn't know `{option}` of `bind`."));
        };
        let (values, rest) =
            rest.split_at_checked(*takes).ok_or_else(|| format!("`{option}` lacks its value."))?;
        found.push((*option, values));
        options = rest;
    }
    Ok(found)
}
