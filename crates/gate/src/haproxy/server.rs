//! Where a backend's requests go.

use forward::BaseUrl;

use super::{address, sections::Line};

/// Options that change nothing for a single server, with what they take.
const HARMLESS: [(&str, usize); 8] = [
    ("check", 0),
    ("inter", 1),
    ("fall", 1),
    ("rise", 1),
    ("maxconn", 1),
    ("weight", 1),
    ("observe", 1),
    ("error-limit", 1),
];

/// Reads `server NAME ADDRESS:PORT [OPTION]...`.
///
/// # Errors
/// A sentence about what the gate can't do.
pub(super) fn read(line: &Line) -> Result<BaseUrl, String> {
    let words: Vec<_> = line.words.iter().map(String::as_str).collect();
    let [_, _, at, options @ ..] = words.as_slice() else {
        return Err("A `server` needs a name and an address.".to_owned());
    };
    check_options(options)?;
    let none = || format!("The gate needs an address and a port here, and `{at}` is none.");
    let at = address::read(at).map_or_else(|| (*at).to_owned(), |address| address.to_string());
    let (_, port) = at.rsplit_once(':').ok_or_else(none)?;
    port.parse::<u16>().map_err(|_| none())?;
    format!("http://{at}").parse().map_err(|_| none())
}

/// # Errors
/// The first option that may change who gets in, or that isn't known.
pub(super) fn check_options(mut options: &[&str]) -> Result<(), String> {
    while let [option, rest @ ..] = options {
        let known = HARMLESS.iter().find(|(name, _)| name == option);
        let Some((_, takes)) = known else {
            return Err(format!("The gate doesn't know `{option}` of `server`."));
        };
        if *option == "weight"
            && !matches!(rest.first().map(|value| value.parse()), Some(Ok(1..=256u16)))
        {
            return Err(
                "A `weight` is from 1 to 256 here: with 0 haproxy lets nobody to the server."
                    .to_owned(),
            );
        }
        options = rest.get(*takes..).ok_or_else(|| format!("`{option}` lacks its value."))?;
    }
    Ok(())
}
