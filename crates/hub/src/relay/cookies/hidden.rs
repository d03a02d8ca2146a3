//! What a printer's `HttpOnly` cookie is called in the browser: `__Host-p<label>-<name>`. The
//! prefix keeps scripts of other names from setting it for a whole domain, and the label, which
//! only the hub gives, keeps printers apart that share one cookie jar.

use crate::relay::site::is_label;

const PREFIX: &str = "__Host-p";

/// The browser's name for a printer's hidden cookie.
pub(super) fn hidden_name(label: &str, name: &str) -> String {
    format!("{PREFIX}{label}-{name}")
}

/// The printer's own name for a hidden cookie of the printer with this label.
pub(super) fn revealed<'a>(label: &str, name: &'a str) -> Option<&'a str> {
    name.strip_prefix(PREFIX)?.strip_prefix(label)?.strip_prefix('-')
}

/// Whether a name is that of some printer's hidden cookie, which no printer may set itself.
pub(super) fn is_hidden(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let Some(rest) = name.strip_prefix(&PREFIX.to_ascii_lowercase()) else { return false };
    rest.split_once('-').is_some_and(|(label, _)| is_label(label))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LABEL: &str = "abcdefgh234567ij";
    const OTHER: &str = "zyxwvuts234567ij";

    // covers: RL-5
    #[test]
    fn printer_b_login_cookie_reaches_printer_a() {
        let name = hidden_name(LABEL, "session_P3443|/x");
        assert_eq!(revealed(LABEL, &name), Some("session_P3443|/x"));
        assert_eq!(revealed(OTHER, &name), None);
        assert_eq!(revealed(LABEL, "session_P3443|/x"), None);
    }

    proptest! {
        // covers: RL-5
        #[test]
        fn a_hidden_name_is_revealed_to_its_own_printer_only(
            label in "[a-z2-7]{16}", other in "[a-z2-7]{16}", name in "[!-~]{0,20}",
        ) {
            let hidden = hidden_name(&label, &name);
            prop_assert!(is_hidden(&hidden));
            prop_assert_eq!(revealed(&label, &hidden), Some(name.as_str()));
            prop_assert!(label == other || revealed(&other, &hidden).is_none());
            prop_assert!(revealed(&label, &name).is_none() || is_hidden(&name));
        }
    }

    // covers: RL-5
    #[test]
    fn names_of_hidden_cookies_are_recognised() {
        assert!(is_hidden(&hidden_name(OTHER, "a")));
        assert!(is_hidden(&hidden_name(OTHER, "a").to_ascii_uppercase()));
        for name in ["__Host-p", "__Host-prefs", "__Host-prefs-x", "session"] {
            assert!(!is_hidden(name), "{name}");
        }
    }
}
