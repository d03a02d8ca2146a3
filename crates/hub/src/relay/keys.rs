//! Keys of the hub that strayed into a request for a printer. A script that sends its hub key as
//! `X-Api-Key` would hand the printer a key to everything, so such a request is refused.

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use http::{HeaderMap, header, request::Parts, uri::PathAndQuery};

/// How every API key of a hub starts.
const PREFIX: &[u8] = b"llk_";

/// However the sender pads.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// Both alphabets in which programs write credentials.
const ALPHABETS: [GeneralPurpose; 2] = [
    GeneralPurpose::new(&alphabet::STANDARD, LENIENT),
    GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT),
];

/// Whether a request holds what looks like a hub's API key, in a header or in its address.
/// Cookies are left out: they are random text that others made.
pub(crate) fn has_strayed(parts: &Parts) -> bool {
    let address = parts.uri.path_and_query().map(PathAndQuery::as_str).unwrap_or_default();
    in_address(address) || in_headers(&parts.headers)
}

/// Some programs encode twice.
fn in_address(address: &str) -> bool {
    let once: Vec<u8> = percent_encoding::percent_decode_str(address).collect();
    let twice: Vec<u8> = percent_encoding::percent_decode(&once).collect();
    holds_key(&once) || holds_key(&twice)
}

fn in_headers(headers: &HeaderMap) -> bool {
    headers
        .iter()
        .filter(|(name, _)| *name != header::COOKIE)
        .any(|(_, value)| holds_key(value.as_bytes()) || in_basic(value.as_bytes()))
}

fn in_basic(value: &[u8]) -> bool {
    let Some((scheme, credentials)) = value.split_at_checked(6) else { return false };
    scheme.eq_ignore_ascii_case(b"basic ")
        && ALPHABETS
            .iter()
            .filter_map(|alphabet| alphabet.decode(credentials.trim_ascii()).ok())
            .any(|plain| holds_key(&plain))
}

/// The prefix at the beginning of a word; inside of one it is chance.
fn holds_key(text: &[u8]) -> bool {
    text.windows(PREFIX.len()).enumerate().any(|(at, window)| {
        let before = at.checked_sub(1).and_then(|before| text.get(before));
        window == PREFIX && !before.is_some_and(|byte| is_word(*byte))
    })
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use http::Request;
    use proptest::prelude::*;

    use super::*;

    fn strayed(uri: &str, name: &str, value: &str) -> bool {
        let request = Request::get(uri).header(name, value).body(()).unwrap();
        has_strayed(&request.into_parts().0)
    }

    // covers: RL-5
    #[test]
    fn hub_key_in_x_api_key_reaches_printer() {
        // Whose bytes the two alphabets write differently.
        let url_safe = format!("Basic {}", URL_SAFE_NO_PAD.encode("\u{3ff}\u{3ff}:llk_secret"));
        let basic = format!("Basic {}", STANDARD.encode("user:llk_secret"));
        for (name, value) in [
            ("x-api-key", "llk_secret"),
            ("authorization", "Bearer llk_secret"),
            ("authorization", basic.as_str()),
            ("authorization", url_safe.as_str()),
            ("referer", "https://x/?apikey=llk_secret"),
        ] {
            assert!(strayed("/", name, value), "{name}: {value}");
        }
    }

    // covers: RL-5
    #[test]
    fn hub_key_in_the_address_reaches_printer() {
        assert!(strayed("/api/llk_secret/job", "accept", "*/*"));
        assert!(strayed("/api?apikey=%256clk_secret", "accept", "*/*"));
        assert!(strayed("/api?apikey=llk_secret", "accept", "*/*"));
        assert!(strayed("/api?apikey=%6clk_secret", "accept", "*/*"));
    }

    proptest! {
        // covers: RL-5
        #[test]
        fn hub_key_is_found_however_an_address_writes_it(
            before in "(/[a-z0-9.]{0,5}){1,3}[?/]",
            encoded in proptest::collection::vec(0_u8..3, PREFIX.len()),
            after in "[a-zA-Z0-9%&=_]{0,8}",
        ) {
            let key: String = PREFIX.iter().zip(encoded).map(|(&byte, times)| match times {
                0 => char::from(byte).to_string(),
                1 => format!("%{byte:02x}"),
                _ => format!("%25{byte:02X}"),
            }).collect();
            let address = format!("{before}{key}{after}");
            prop_assert!(strayed(&address, "accept", "*/*"), "{}", address);
        }

        #[test]
        fn any_credentials_are_looked_at(value in "(Basic |bASIC )?[ -~]{0,40}") {
            let expected = value.starts_with(char::is_alphanumeric) && value.contains(" llk_");
            prop_assert!(strayed("/", "authorization", &value) || !expected);
        }
    }

    #[test]
    fn a_printers_own_keys_pass() {
        assert!(!strayed("/?token=Zllk_a", "x-api-key", "RIGKEY0123456789"));
        assert!(!strayed("/", "cookie", "llk_x=1"));
    }
}
