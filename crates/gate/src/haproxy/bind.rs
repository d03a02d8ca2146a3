//! Where a frontend listens.

use std::net::SocketAddr;

use super::{address, sections::Line};

/// One place.
#[derive(Debug)]
pub(super) struct Bind {
    pub(super) line: usize,
    pub(super) address: SocketAddr,
    pub(super) tls: bool,
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

/// Reads `bind ADDRESS[,ADDRESS] [OPTION]...`.
///
/// # Errors
/// A sentence about what the gate can't do.
pub(super) fn read(line: &Line) -> Result<Vec<Bind>, String> {
    let words: Vec<_> = line.words.iter().map(String::as_str).collect();
    let [_, addresses, options @ ..] = words.as_slice() else {
        return Err("A `bind` needs an address.".to_owned());
    };
    check(options)?;
    let tls = options.contains(&"ssl");
    let bind = |text: &str| {
        let address = address::read(text).ok_or_else(|| {
            format!("The gate listens on numeric addresses and ports, and `{text}` is none.")
        })?;
        Ok(Bind { line: line.number, address, tls })
    };
    addresses.split(',').map(bind).collect()
}

fn check(mut options: &[&str]) -> Result<(), String> {
    while let [option, rest @ ..] = options {
        let known = HARMLESS.iter().find(|(name, _)| name == option);
        let Some((_, takes)) = known else {
            return Err(format!("The gate doesn't know `{option}` of `bind`."));
        };
        options = rest.get(*takes..).ok_or_else(|| format!("`{option}` lacks its value."))?;
    }
    Ok(())
}
