//! What people write into an agent's files.

use agent::Printers;
use forward::BaseUrl;

use super::text;

/// What is read is written so that it reads the same.
pub(super) fn printers_toml(bytes: &[u8]) {
    let Ok(printers) = Printers::parse(text(bytes)) else { return };
    let again = Printers::parse(&printers.to_toml()).expect("what was written is read");
    assert_eq!(printers.to_toml(), again.to_toml());
}

/// An address reads the same after it was written.
pub(super) fn base_url(bytes: &[u8]) {
    let Ok(url) = text(bytes).parse::<BaseUrl>() else { return };
    assert_eq!(url.to_string().parse::<BaseUrl>().map(|url| url.to_string()), Ok(url.to_string()));
}
